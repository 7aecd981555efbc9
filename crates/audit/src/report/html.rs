//! The report for a browser: one file that loads nothing.

use askama::Template;

use super::{RULE_SET, again, fingerprint};
use crate::audit::{Report, RuleResult};
use crate::live::Sent;
use crate::outcome::{Finding, Status};
use crate::rule::{Rule, Severity};
use crate::verdict::Verdict;

/// The whole page.
///
/// # Errors
/// The page can't be rendered, which only a lack of memory causes.
pub fn html(report: &Report) -> Result<String, askama::Error> {
    Page { rule_set: RULE_SET, report, findings: cards(report, Status::Fail), reviews: cards(report, Status::Review) }
        .render()
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    rule_set: &'static str,
    report: &'a Report,
    findings: Vec<Card<'a>>,
    reviews: Vec<Card<'a>>,
}

/// A rule that found something.
struct Card<'a> {
    rule: &'static Rule,
    severity: &'static str,
    findings: Vec<(&'a Finding, String, Vec<&'a Sent>)>,
    more: usize,
    again: String,
}

fn cards(report: &Report, status: Status) -> Vec<Card<'_>> {
    report.with_status(status).into_iter().map(|result| card(report, result)).collect()
}

fn card<'a>(report: &'a Report, result: &'a RuleResult) -> Card<'a> {
    let findings = result.findings.iter().take(SHOWN).map(|finding| {
        let sent =
            finding.requests.iter().filter_map(|number| report.requests.iter().find(|sent| sent.number == *number));
        (finding, fingerprint(result, finding), sent.collect())
    });
    Card {
        rule: result.rule,
        severity: result.severity().map_or("review", Severity::name),
        findings: findings.collect(),
        more: result.findings.len().saturating_sub(SHOWN),
        again: again(report, result),
    }
}

impl Page<'_> {
    fn tone(&self) -> &'static str {
        match self.report.verdict {
            Verdict::Forgeable | Verdict::SeriousWeakness => "bad",
            Verdict::CannotSay => "unsure",
            Verdict::NotShownInsecure => "calm",
        }
    }

    fn results(&self, status: &str) -> Vec<&RuleResult> {
        self.report.results.iter().filter(|result| result.status.name() == status).collect()
    }
}

/// How many findings of one rule are shown.
const SHOWN: usize = 10;
