//! Every rule finds its bad example and passes its good one.

use probity_audit::{Check, Input, Rule, Severity, Status, rules};

use crate::samples::run;

fn looks(rule: &Rule) -> bool {
    rule.bad.input != Input::Behaviour
        && rule.checks.iter().any(|check| !check.is_live() && !matches!(check, Check::Never(_)))
}

#[test]
fn every_rule_finds_its_bad_example() {
    let mut wrong = Vec::new();
    for rule in rules::all().filter(|rule| looks(rule)) {
        let report = run(rule.id, rule.bad);
        let result = report.results.iter().find(|result| result.rule.id == rule.id).unwrap();
        if !matches!(result.status, Status::Fail | Status::Review) {
            wrong.push(format!("{}: {:?} {:?}", rule.id, result.status, result.notes));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_passes_its_good_example() {
    let mut wrong = Vec::new();
    for rule in rules::all().filter(|rule| looks(rule)) {
        let report = run(rule.id, rule.good);
        let result = report.results.iter().find(|result| result.rule.id == rule.id).unwrap();
        if result.status != Status::Pass {
            wrong.push(format!(
                "{}: {:?} {:?} {:?}",
                rule.id,
                result.status,
                result.notes,
                result.findings.first().map(|finding| &finding.claim)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_check_of_the_catalogue_has_a_rule_and_every_rule_its_own_id() {
    let counts = [
        ("SIG", 22),
        ("HDR", 16),
        ("KEY", 25),
        ("CLM", 20),
        ("LEAK", 10),
        ("JWE", 10),
        ("STO", 22),
        ("REV", 17),
        ("KM", 16),
        ("META", 13),
        ("DOS", 9),
        ("XSV", 12),
        ("OPS", 10),
    ];
    let ids: Vec<&str> = rules::all().map(|rule| rule.id).collect();
    let expected: Vec<String> = counts
        .iter()
        .flat_map(|(group, count)| (1..=*count).map(move |number| format!("{group}-{number:02}")))
        .collect();
    assert_eq!(ids, expected);
    let done = rules::all().filter(|rule| !rule.checks.iter().all(|check| matches!(check, Check::Never(_)))).count();
    assert!(done >= 185, "{done}");
}

#[test]
fn rules_are_written_out() {
    for rule in rules::all() {
        for (what, text) in [
            ("why", rule.why),
            ("fix", rule.fix),
            ("title", rule.title),
            ("references", rule.references),
            ("bad", rule.bad.text),
            ("good", rule.good.text),
        ] {
            assert!(text.len() > 2, "{} has no {what}", rule.id);
        }
        assert!(rule.why.ends_with('.') && rule.fix.ends_with('.'), "{}: sentences end with a full stop", rule.id);
        assert!(!rule.checks.is_empty(), "{} checks nothing", rule.id);
        assert!(rule.bad.text != rule.good.text, "{}: the examples are the same", rule.id);
    }
}

#[test]
fn critical_and_vulnerable_need_proof() {
    for rule in rules::all().filter(|rule| looks(rule)) {
        for finding in run(rule.id, rule.bad).results.iter().flat_map(|result| &result.findings) {
            if !finding.proof.is_proof() {
                assert!(finding.severity_under(rule) < Severity::Critical, "{}", rule.id);
                assert!(!finding.claim.contains("vulnerable"), "{}: {}", rule.id, finding.claim);
            }
            assert!(finding.claim.ends_with('.'), "{}: {}", rule.id, finding.claim);
        }
    }
}
