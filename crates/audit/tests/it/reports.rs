//! Reports keep to their schemas, say the verdict first, and take accepted findings out.

use std::path::Path;

use probity_audit::evidence::{Evidence, Json, TextFile};
use probity_audit::report::{self, Sarif, Style};
use probity_audit::{Audit, Baseline, Report, Severity, Status, Verdict, rules};

use crate::samples::{NOW, token};
use crate::schema;

fn bad() -> Audit<'static> {
    let mut evidence = Evidence::default();
    evidence.add_token(token(r#"{"alg":"HS256","@secret":"secret"}"#, r#"{"sub":"a","email":"<b>@b.example"}"#));
    evidence.add_file(TextFile::new("deploy/app.env", "A=1\nJWT_SECRET=your-256-bit-secret\n"));
    Audit::of("a <token> & a file", evidence, NOW)
}

fn bad_report() -> Report {
    bad().run()
}

#[test]
fn the_json_report_keeps_to_its_schema() {
    let schema = Json::parse(report::SCHEMA).unwrap();
    let report = Json::parse(&report::json(&bad_report()).to_string()).unwrap();
    assert_eq!(schema::violations(&report, &schema), Vec::<String>::new());
    let broken = report.with("verdict", "secure".into());
    assert_eq!(schema::violations(&broken, &schema).len(), 1, "the validator sees what is wrong");
}

#[test]
fn the_sarif_report_keeps_to_the_standard() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/audit/sarif-schema-2.1.0.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: there is no ../shared/audit/sarif-schema-2.1.0.json");
        return;
    };
    let schema = Json::parse(&text).unwrap();
    for full in [false, true] {
        let options = Sarif { full, anchor: "README.md".to_owned() };
        let sarif = Json::parse(&report::sarif(&bad_report(), &options).to_string()).unwrap();
        let violations = schema::violations(&sarif, &schema);
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }
    let broken = Json::parse(r#"{"version":"2.1.0","runs":[{"tool":{}}]}"#).unwrap();
    assert!(!schema::violations(&broken, &schema).is_empty());
}

#[test]
fn every_sarif_result_has_what_code_scanning_asks_for() {
    let sarif = report::sarif(&bad_report(), &Sarif { full: false, anchor: "README.md".to_owned() });
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() >= 3);
    let mut prints = Vec::new();
    for result in results {
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.contains("://") && !uri.starts_with('/'), "{uri}");
        assert!(result["ruleId"].is_string() && result["partialFingerprints"]["probity/v1"].is_string());
        let kind = result["kind"].as_str().unwrap();
        assert_eq!(kind == "fail", result["level"] != "none", "{result}");
        prints.push(result["partialFingerprints"]["probity/v1"].as_str().unwrap().to_owned());
    }
    assert!(results.iter().any(|result| {
        let place = &result["locations"][0]["physicalLocation"];
        place["artifactLocation"]["uri"] == "deploy/app.env" && place["region"]["startLine"] == 2
    }));
    let again = report::sarif(&bad_report(), &Sarif { full: false, anchor: "README.md".to_owned() });
    assert_eq!(sarif, again, "fingerprints are stable");
}

#[test]
fn the_first_line_answers_the_question() {
    let text = report::text(&bad_report(), Style::default());
    assert!(text.starts_with("a <token> & a file: NO - forgeable\n"), "{text}");
    assert!(!text.to_lowercase().contains(": secure"));
    assert!(text.contains("Not tested") && text.contains("--allow active"));
    let markdown = report::markdown(&bad_report());
    assert!(markdown.starts_with("# a &lt;token> & a file: NO - forgeable"), "{markdown}");
}

#[test]
fn the_page_loads_nothing_and_escapes_what_it_shows() {
    let html = report::html(&bad_report()).unwrap();
    for outside in ["http-equiv=\"refresh\"", "<script", "<link", "<img", "url(", "@import"] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert!(html.contains("a &#60;token&#62; &#38; a file") && !html.contains("<token>"), "the target is escaped");
    assert!(html.contains("default-src 'none'"));
    assert!(html.contains("NO - forgeable") && html.contains("KEY-01"));
}

#[test]
fn an_accepted_finding_is_left_out_until_its_end() {
    let accept = |until: &str| {
        let text =
            format!("[[accept]]\nrule = \"KEY-01\"\nreason = \"a demo\"\nowner = \"team\"\nuntil = \"{until}\"\n");
        let mut audit = bad();
        audit.baseline = Baseline::parse(&text).unwrap();
        audit.run()
    };
    let report = accept("2030-01-01");
    assert_ne!(report.verdict, Verdict::Forgeable);
    assert_eq!(report.suppressed.len(), 1);
    let sarif = report::sarif(&report, &Sarif { full: false, anchor: "README.md".to_owned() });
    assert!(
        sarif["runs"][0]["results"].as_array().unwrap().iter().any(|result| result["suppressions"][0]["justification"]
            .as_str()
            .is_some_and(|why| why.contains("a demo")))
    );
    // The examples' time is in November 2023.
    assert_eq!(accept("2023-11-01").verdict, Verdict::Forgeable);
    for text in [
        "[[accept]]\nrule = \"KEY-01\"\n",
        "[[accept]]\nrule=\"a\"\nreason=\"b\"\nowner=\"c\"\nuntil=\"soon\"\n",
        "x = 1",
    ] {
        assert!(Baseline::parse(text).is_err(), "{text}");
    }
}

#[test]
fn the_exit_code_says_what_was_found() {
    let report = bad_report();
    assert_eq!(report.exit_code(Severity::Critical, 0), 1);
    let mut evidence = Evidence::default();
    evidence.add_token(token(r#"{"alg":"ES256","typ":"at+jwt"}"#, r#"{"iss":"https://i.example","sub":"a","aud":"b","client_id":"c","iat":1700000000,"exp":1700000300,"jti":"9f4e1d3c9a8b4c21"}"#));
    let good = Audit::of("token", evidence, NOW).run();
    assert_eq!(good.exit_code(Severity::Info, 0), 0);
    assert_eq!(good.exit_code(Severity::Info, 99), 3);
    assert_eq!(Audit::of("nothing", Evidence::default(), NOW).run().exit_code(Severity::Info, 0), 3);
}

#[test]
fn every_status_is_in_the_report_and_nothing_is_left_out() {
    let report = bad_report();
    assert_eq!(report.results.len(), rules::all().count());
    let coverage = report.coverage;
    assert_eq!(coverage.run + coverage.inconclusive + coverage.not_tested + coverage.not_applicable, coverage.total);
    assert!(
        report
            .results
            .iter()
            .filter(|result| result.status == Status::NotTested)
            .all(|result| !result.notes.is_empty())
    );
}
