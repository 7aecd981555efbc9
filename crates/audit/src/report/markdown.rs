//! The report for a ticket, and the page of a rule.

use core::fmt::Write as _;

use super::{again, text};
use crate::audit::Report;
use crate::outcome::Status;
use crate::rule::{Input, Rule};
use crate::rules;

/// The whole report.
pub fn markdown(report: &Report) -> String {
    let mut out =
        format!("# {}: {}\n\n{}\n\n", escape(&report.target), report.verdict.name(), escape(&report.headline()));
    let coverage = report.coverage;
    let _ = writeln!(
        out,
        "Coverage {} %: {} rules came to a result, {} could not tell, {} not tested, {} not applicable. Grade: {}.\n",
        coverage.percent(),
        coverage.run,
        coverage.inconclusive,
        coverage.not_tested,
        coverage.not_applicable,
        report.grade.letter.unwrap_or("none")
    );
    for status in [Status::Fail, Status::Review] {
        for result in report.with_status(status) {
            let severity = result.severity().map_or("review", crate::rule::Severity::name);
            let _ = writeln!(out, "## {} {} ({severity})\n", result.rule.id, escape(result.rule.title));
            for finding in &result.findings {
                let _ = writeln!(
                    out,
                    "* {} *{}*, {}",
                    escape(&finding.claim),
                    finding.proof.name(),
                    escape(&finding.place.to_string())
                );
                for (name, fact) in &finding.facts {
                    let _ = writeln!(out, "  * {}: `{}`", escape(name), fact.replace('`', "'"));
                }
            }
            let _ = writeln!(
                out,
                "\n**Why it matters:** {}\n\n**Fix:** {}\n\n**References:** {}\n",
                escape(result.rule.why),
                escape(result.rule.fix),
                escape(result.rule.references)
            );
            let _ = writeln!(out, "```text\n{}\n```\n", again(report, result));
        }
    }
    let _ = writeln!(out, "## Not tested\n");
    for result in
        report.results.iter().filter(|result| matches!(result.status, Status::NotTested | Status::Inconclusive))
    {
        let _ = writeln!(
            out,
            "* {} {} ({}): {}",
            result.rule.id,
            escape(result.rule.title),
            result.status.name(),
            escape(&result.notes.join("; "))
        );
    }
    out
}

/// The page of a rule in the documentation.
pub fn rule_page(rule: &Rule) -> String {
    let form = if rule.bad.input == Input::Behaviour { "" } else { "text" };
    let example = |text: &str| if form.is_empty() { format!("{text}\n") } else { format!("```{form}\n{text}\n```\n") };
    let references: Vec<&str> = rule.references().collect();
    format!(
        "### {} {}\n\n*{}*, {}, tier {}.\n\n{}\n\n**Fix:** {}\n\nFound in:\n\n{}\nNot found in:\n\n{}\nReferences: {}.\n",
        rule.id,
        escape(rule.title),
        rule.severity.name(),
        rule.group().name(),
        rule.tier.letter(),
        escape(rule.why),
        escape(rule.fix),
        example(rule.bad.text),
        example(rule.good.text),
        escape(&references.join("; "))
    )
}

/// The page of all rules.
pub fn rules_page() -> String {
    let mut out = String::from(
        "# Audit rules\n\nEvery rule of `probity audit`, from its file under `crates/audit/src/rules/`. Tiers: P looks only, A sends \
         forged tokens, K needs a signing key, O a listener, D probes exhaustion, S changes state.\n",
    );
    for group in text::groups() {
        let _ = writeln!(out, "\n## {}\n", group.name());
        for rule in rules::all().filter(|rule| rule.group() == group) {
            let _ = writeln!(out, "{}", rule_page(rule));
        }
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('<', "&lt;").replace('|', "\\|").replace('\n', " ")
}
