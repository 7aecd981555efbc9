//! The report for a terminal.

use core::fmt::Write as _;

use super::pen::{BLUE, GREEN, Pen, RED, Style, YELLOW, indented};
use crate::audit::{Report, RuleResult};
use crate::outcome::{Finding, Status};
use crate::rule::{Group, Rule};
use crate::verdict::Verdict;
use crate::words::count;

/// The whole report.
pub fn text(report: &Report, style: Style) -> String {
    let pen = Pen { style };
    let mut out = String::new();
    pen.head(&mut out, report);
    for status in [Status::Fail, Status::Review] {
        for result in report.with_status(status) {
            pen.result(&mut out, result);
        }
    }
    let inconclusive = report.with_status(Status::Inconclusive);
    if !inconclusive.is_empty() {
        let _ = writeln!(out, "\n{}", pen.bold("Could not tell"));
        inconclusive.iter().for_each(|result| pen.line(&mut out, result));
    }
    pen.passes(&mut out, report);
    pen.not_tested(&mut out, report);
    pen.foot(&mut out, report);
    out
}

/// What a rule looks for, why and how: the text of `--explain`.
pub fn explain(rule: &Rule, style: Style) -> String {
    let pen = Pen { style };
    let mut out = String::new();
    let _ = writeln!(out, "{}  {}", pen.bold(rule.id), pen.bold(rule.title));
    let _ =
        writeln!(out, "{} · {} · {}\n", rule.group().name(), pen.severity(rule.severity), rule.tier.how_to_enable());
    let _ = writeln!(out, "{}\n{}", pen.bold("Why"), pen.wrapped(rule.why, "  "));
    let _ = writeln!(out, "{}\n{}", pen.bold("Fix"), pen.wrapped(rule.fix, "  "));
    let _ = writeln!(out, "{}\n{}", pen.bold("Found in"), indented(rule.bad.text));
    let _ = writeln!(out, "{}\n{}", pen.bold("Not found in"), indented(rule.good.text));
    let _ = writeln!(out, "{}", pen.bold("References"));
    rule.references().for_each(|reference| {
        let _ = writeln!(out, "  {reference}");
    });
    out
}

impl Pen {
    fn head(&self, out: &mut String, report: &Report) {
        let colour = match report.verdict {
            Verdict::Forgeable | Verdict::SeriousWeakness => RED,
            Verdict::CannotSay => YELLOW,
            Verdict::NotShownInsecure => GREEN,
        };
        let coverage = report.coverage;
        let verdict = format!("{}: {}", report.target, report.verdict.name());
        let _ = writeln!(out, "{}", self.paint(colour, &verdict));
        let _ = writeln!(out, "{}", self.wrapped(&report.headline(), ""));
        let width = 30;
        let filled = coverage.percent() * width / 100;
        let _ = writeln!(
            out,
            "[{}{}] {} % of what could be looked at: {} rules came to a result, {} could not tell, {} were not tested, {} do not apply",
            "#".repeat(filled),
            "·".repeat(width - filled),
            coverage.percent(),
            coverage.run,
            coverage.inconclusive,
            coverage.not_tested,
            coverage.not_applicable
        );
        if let Some(calibration) = &report.calibration {
            let _ = writeln!(
                out,
                "{}",
                self.wrapped(
                    &format!("Calibration: {calibration}; {} requests in all", count(report.requests.len() as u64)),
                    ""
                )
            );
        }
        match report.grade.letter {
            Some(letter) => {
                let _ = writeln!(out, "Grade {}", self.bold(letter));
                report.grade.reasons.iter().for_each(|reason| {
                    let _ = writeln!(out, "  {reason}");
                });
            }
            None => report.grade.reasons.iter().for_each(|reason| {
                let _ = writeln!(out, "{}", self.wrapped(&format!("Grade: {reason}"), ""));
            }),
        }
    }

    fn result(&self, out: &mut String, result: &RuleResult) {
        let review = result.status == Status::Review;
        let tag = if review {
            self.paint(BLUE, "REVIEW  ")
        } else {
            self.severity(result.severity().unwrap_or(result.rule.severity))
        };
        let _ = writeln!(out, "\n{tag} {} {}", self.bold(result.rule.id), self.bold(result.rule.title));
        let files = by_artifact(&result.findings);
        let shown = if self.style.verbose { usize::MAX } else { SHOWN_FILES };
        for group in files.iter().take(shown) {
            let (first, rest) = group.split_at(if self.style.verbose { group.len() } else { 1 });
            first.iter().for_each(|finding| self.finding(out, result, finding));
            if !rest.is_empty() {
                let places: Vec<String> = rest.iter().take(SHOWN_PLACES).map(|finding| place_within(finding)).collect();
                let more = if rest.len() > SHOWN_PLACES { ", … (--verbose)" } else { "" };
                let line = format!("and {} more there: {}{more}", rest.len(), places.join(", "));
                let _ = writeln!(out, "{}", self.wrapped(&line, "      "));
            }
        }
        if let Some(hidden) = files.get(shown..).filter(|hidden| !hidden.is_empty()) {
            let findings: usize = hidden.iter().map(Vec::len).sum();
            let _ = writeln!(out, "    … and {findings} more in {} other places (--verbose)", hidden.len());
        }
        let _ = writeln!(out, "{}", self.wrapped(&format!("Why: {}", result.rule.why), "    "));
        let _ = writeln!(out, "{}", self.wrapped(&format!("Fix: {}", result.rule.fix), "    "));
        let _ = writeln!(out, "    {}", self.dim(&format!("More: probity audit explain {}", result.rule.id)));
    }

    fn finding(&self, out: &mut String, result: &RuleResult, finding: &Finding) {
        let _ = writeln!(out, "{}", self.wrapped(&finding.claim, "    "));
        let place = finding.place.to_string();
        let at = if place.is_empty() { String::new() } else { format!("at {place} · ") };
        let print = super::fingerprint(result, finding);
        let _ = writeln!(out, "    {}", self.dim(&format!("{at}{} · {print}", finding.proof.name())));
        for (name, value) in &finding.facts {
            let _ = writeln!(out, "{}", self.wrapped(&format!("{name}: {value}"), "      "));
        }
        if !finding.requests.is_empty() {
            let _ = writeln!(out, "{}", self.wrapped(&format!("requests {}", ranges(&finding.requests)), "      "));
        }
    }

    fn line(&self, out: &mut String, result: &RuleResult) {
        let note = result.notes.join("; ");
        let note = if note.is_empty() { String::new() } else { format!(": {note}") };
        let _ = writeln!(out, "{}", self.wrapped(&format!("{} {}{note}", result.rule.id, result.rule.title), "  "));
    }

    fn passes(&self, out: &mut String, report: &Report) {
        let passes = report.with_status(Status::Pass);
        let subsumed = report.with_status(Status::Subsumed);
        if !passes.is_empty() {
            let _ = writeln!(out, "\n{} ({})", self.bold("Looked at, and nothing found"), passes.len());
            if self.style.verbose {
                passes.iter().for_each(|result| self.line(out, result));
            } else {
                let ids: Vec<&str> = passes.iter().map(|result| result.rule.id).collect();
                let _ = writeln!(out, "{}", self.wrapped(&ids.join(" "), "  "));
            }
        }
        if !subsumed.is_empty() {
            let ids: Vec<&str> = subsumed.iter().map(|result| result.rule.id).collect();
            let why = subsumed.first().and_then(|result| result.notes.first()).cloned().unwrap_or_default();
            let _ = writeln!(
                out,
                "\n{}\n{}",
                self.bold(&format!("Not sent, because it {why}")),
                self.wrapped(&ids.join(" "), "  ")
            );
        }
    }

    /// What was left out, by what it would take.
    fn not_tested(&self, out: &mut String, report: &Report) {
        let mut by_reason: Vec<(String, Vec<&str>)> = Vec::new();
        for result in report.results.iter().filter(|result| result.status == Status::NotTested) {
            let reason = result.notes.join("; ");
            match by_reason.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, ids)) => ids.push(result.rule.id),
                None => by_reason.push((reason, vec![result.rule.id])),
            }
        }
        if by_reason.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n{}", self.bold("Not tested"));
        for (reason, ids) in by_reason {
            let shown =
                if ids.len() > 8 && !self.style.verbose { format!("{} rules", ids.len()) } else { ids.join(" ") };
            let _ = writeln!(out, "{}", self.wrapped(&format!("{reason} ({shown})"), "  "));
        }
    }

    fn foot(&self, out: &mut String, report: &Report) {
        if !report.inventory.is_empty() {
            let _ = writeln!(out, "\n{}", self.bold("Keys"));
            for [name, strength, usage, place] in &report.inventory {
                let _ = writeln!(out, "  {name}  {strength}  {usage}  {}", self.dim(place));
            }
        }
        for result in &report.suppressed {
            let _ = writeln!(
                out,
                "{}",
                self.dim(&format!("\n{} {}", result.rule.id, result.suppressed.as_deref().unwrap_or_default()))
            );
        }
        if self.style.verbose && !report.requests.is_empty() {
            let _ = writeln!(out, "\n{}", self.bold("Requests"));
            for sent in &report.requests {
                let _ = writeln!(
                    out,
                    "  {:>4} {:<7} {} {} -> {} {}  {}",
                    sent.number,
                    sent.rule,
                    sent.method,
                    sent.url,
                    sent.status,
                    sent.class.name(),
                    sent.what
                );
            }
        }
        let policy = &report.policy;
        let thresholds = format!(
            "Rules {}; an access token may live {} s (low), {} s (medium), {} s (high); leeway {} s. Finding nothing is not the same as being secure.",
            super::RULE_SET,
            policy.lifetime_low,
            policy.lifetime_medium,
            policy.lifetime_high,
            policy.leeway
        );
        let _ = writeln!(out, "\n{}", self.dim(&self.wrapped(&thresholds, "")));
    }
}

/// The findings of each file or other artifact together, in the order of their first ones.
fn by_artifact(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let same = |group: &&mut Vec<&Finding>| {
            group.first().is_some_and(|first| first.place.artifact == finding.place.artifact)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// Where in its artifact a finding is.
fn place_within(finding: &Finding) -> String {
    match (finding.place.line, &finding.place.path) {
        (Some(line), None) => format!("line {line}"),
        (Some(line), Some(path)) => format!("line {line} {path}"),
        (None, Some(path)) => path.clone(),
        (None, None) => finding.claim.trim_end_matches('.').to_owned(),
    }
}

/// Numbers, runs of them shortened: `3-5, 9`.
fn ranges(numbers: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let text = |(first, last): &(usize, usize)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}-{last}"),
    };
    runs.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// The groups that rules are listed by.
pub(super) fn groups() -> [Group; 13] {
    Group::ALL
}

/// How many files of a rule are shown, and how many further places in each, without `--verbose`.
const SHOWN_FILES: usize = 3;
const SHOWN_PLACES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Place, fail};

    #[test]
    fn many_hits_in_a_file_are_one_entry_with_a_fingerprint() {
        let rule = crate::rules::all().next().unwrap();
        let file = Place::of("app.log");
        let mut findings: Vec<Finding> = (1..=20).map(|line| fail("A token is logged.").at(file.line(line))).collect();
        findings.push(fail("A token is logged.").at(Place::of("b.log").line(7)));
        let result = RuleResult::of(rule, vec![crate::outcome::Outcome::of(findings)]);
        let mut out = String::new();
        Pen { style: Style { width: 200, ..Style::default() } }.result(&mut out, &result);
        assert_eq!(out.matches("A token is logged.").count(), 2, "{out}");
        assert!(out.contains("and 19 more there: line 2, line 3,") && out.contains("b.log:7"), "{out}");
        assert!(out.contains(&crate::baseline::fingerprint(rule, &result.findings[0])), "{out}");
        let mut out = String::new();
        Pen { style: Style { width: 200, verbose: true, ..Style::default() } }.result(&mut out, &result);
        assert_eq!(out.matches("A token is logged.").count(), 21, "{out}");
    }

    #[test]
    fn runs_of_numbers_are_shortened() {
        assert_eq!(ranges(&[1, 3, 4, 5, 8, 9]), "1, 3-5, 8, 9");
    }
}
