//! The answer: one verdict of four, how much was looked at, and a grade when it is earned.

use crate::audit::RuleResult;
use crate::outcome::Status;
use crate::rule::Severity;

/// The first line of every report. There is no verdict that says "secure".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Somebody who is not the issuer can make tokens: proven.
    Forgeable,
    /// A serious weakness was proven or observed.
    SeriousWeakness,
    /// It can't be said: the calibration failed, or a mandatory check did not run.
    CannotSay,
    /// What was looked at showed nothing serious.
    NotShownInsecure,
}

impl Verdict {
    /// The words for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forgeable => "NO - forgeable",
            Self::SeriousWeakness => "NO - serious weakness",
            Self::CannotSay => "CANNOT SAY",
            Self::NotShownInsecure => "NOT SHOWN INSECURE",
        }
    }

    /// Decides.
    pub fn of(results: &[RuleResult], live: bool, calibrated: bool) -> Self {
        let failed = || results.iter().filter(|result| result.status == Status::Fail);
        let proven = |result: &RuleResult| {
            result.findings.iter().any(|finding| {
                finding.proof.is_proof() && !finding.review && finding.severity_under(result.rule) == Severity::Critical
            })
        };
        if failed().any(|result| proven(result) && !NO_FORGERY.contains(&result.rule.id)) {
            return Self::Forgeable;
        }
        let serious = |result: &&RuleResult| result.severity() >= Some(Severity::High);
        if failed().any(|result| serious(&result)) {
            return Self::SeriousWeakness;
        }
        let looked = results.iter().any(|result| matches!(result.status, Status::Pass | Status::Fail | Status::Review));
        let mandatory_unclear = live
            && results
                .iter()
                .any(|result| MANDATORY_LIVE.contains(&result.rule.id) && result.status == Status::Inconclusive);
        if !looked || (live && !calibrated) || mandatory_unclear { Self::CannotSay } else { Self::NotShownInsecure }
    }
}

/// Critical, but no token can be made from it.
const NO_FORGERY: [&str; 8] = ["SIG-19", "CLM-02", "LEAK-01", "OPS-03", "JWE-06", "JWE-08", "HDR-06", "HDR-09"];

/// How much was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Coverage {
    /// Rules that came to a result.
    pub run: usize,
    /// Rules that could not tell.
    pub inconclusive: usize,
    /// Rules that did not look.
    pub not_tested: usize,
    /// Rules that are not about what was given.
    pub not_applicable: usize,
    /// All rules.
    pub total: usize,
}

impl Coverage {
    /// Counts.
    pub fn of(results: &[RuleResult]) -> Self {
        let count = |status: &[Status]| results.iter().filter(|result| status.contains(&result.status)).count();
        Self {
            run: count(&[Status::Pass, Status::Fail, Status::Review, Status::Subsumed]),
            inconclusive: count(&[Status::Inconclusive]),
            not_tested: count(&[Status::NotTested]),
            not_applicable: count(&[Status::NotApplicable]),
            total: results.len(),
        }
    }

    /// Of the rules that could have said something, those that did, in percent.
    pub fn percent(self) -> usize {
        let applicable = self.total - self.not_applicable;
        (self.run * 100).checked_div(applicable).unwrap_or(0)
    }
}

/// A letter with the reasons why it is no better.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Grade {
    /// `A+` to `F`; none when the mandatory checks did not run.
    pub letter: Option<&'static str>,
    /// Each cap with its reason, or why there is no letter.
    pub reasons: Vec<String>,
}

impl Grade {
    /// Decides. Caps, not sums: nothing averages a fatal flaw away.
    pub fn of(results: &[RuleResult], verdict: Verdict) -> Self {
        let status = |id: &str| results.iter().find(|result| result.rule.id == id).map(|result| result.status);
        let failed = |id: &str| status(id) == Some(Status::Fail);
        let mut caps: Vec<(usize, String)> = Vec::new();
        let mut cap = |letter: usize, reason: String| caps.push((letter, reason));
        if verdict == Verdict::Forgeable {
            cap(F, "capped at F: tokens can be forged".to_owned());
        }
        for (ids, letter) in CAPS {
            for result in results.iter().filter(|result| ids.contains(&result.rule.id) && failed(result.rule.id)) {
                cap(
                    *letter,
                    format!(
                        "capped at {}: {} {}",
                        LETTERS.get(*letter).unwrap_or(&"F"),
                        result.rule.id,
                        result.rule.title
                    ),
                );
            }
        }
        for result in results.iter().filter(|result| result.status == Status::Fail) {
            let letter = match result.severity() {
                Some(Severity::Critical) => F,
                Some(Severity::High) => D,
                Some(Severity::Medium) => B,
                _ => continue,
            };
            cap(
                letter,
                format!(
                    "capped at {}: {} is {}",
                    LETTERS.get(letter).unwrap_or(&"F"),
                    result.rule.id,
                    result.severity().map_or("", Severity::name)
                ),
            );
        }
        let missing: Vec<&str> = MANDATORY
            .into_iter()
            .filter(|id| {
                !matches!(status(id), Some(Status::Pass | Status::Fail | Status::Subsumed | Status::NotApplicable))
            })
            .collect();
        caps.sort();
        let worst = caps.first().map(|(letter, _)| *letter);
        let mut reasons: Vec<String> = caps.into_iter().map(|(_, reason)| reason).collect();
        reasons.dedup();
        // A proven forgery needs no further check to be an F.
        if !missing.is_empty() && worst != Some(F) {
            let reason = format!("no letter: these mandatory checks did not run to an end: {}", missing.join(", "));
            return Self { letter: None, reasons: vec![reason] };
        }
        let constrained = ["XSV-07", "XSV-08"].into_iter().any(|id| status(id) == Some(Status::Pass));
        let best = if constrained { 5 } else { 4 };
        let letter = LETTERS.get(worst.unwrap_or(best)).copied();
        if worst.is_none() && !constrained {
            reasons.push("A+ needs tokens that are proven to be bound to their sender".to_owned());
        }
        Self { letter, reasons }
    }
}

const LETTERS: [&str; 6] = ["F", "D", "C", "B", "A", "A+"];
const F: usize = 0;
const D: usize = 1;
const C: usize = 2;
const B: usize = 3;

/// The best letter that is left when one of the rules fails.
const CAPS: &[(&[&str], usize)] = &[
    (&["KM-01", "KM-02", "KEY-01", "KEY-16"], F),
    (&["CLM-02", "CLM-09", "CLM-10", "REV-01"], D),
    (&["CLM-01", "REV-13", "STO-09", "STO-10"], C),
    (&["STO-01", "STO-02", "STO-03", "STO-12", "STO-13", "STO-14", "STO-16"], B),
];

/// Without these there is no letter.
const MANDATORY: [&str; 14] = [
    "SIG-01", "SIG-02", "SIG-03", "SIG-04", "SIG-09", "SIG-15", "HDR-01", "HDR-07", "KEY-01", "KEY-04", "CLM-02",
    "CLM-09", "CLM-10", "REV-01",
];

/// Without an answer to these a live audit can't say anything.
const MANDATORY_LIVE: [&str; 8] = ["SIG-01", "SIG-02", "SIG-03", "SIG-04", "SIG-09", "SIG-15", "HDR-01", "KEY-04"];
