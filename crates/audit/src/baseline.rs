//! Findings that were accepted before: each with a reason, an owner and an end.

use serde::Deserialize;

use crate::audit::RuleResult;
use crate::evidence::seconds_of_iso;
use crate::outcome::{Finding, Status};
use crate::redact;
use crate::rule::Rule;

/// What is accepted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// One accepted finding each.
    #[serde(default)]
    pub accept: Vec<Accepted>,
}

/// One accepted finding, or all findings of a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The rule's ID.
    pub rule: String,
    /// The finding's fingerprint, as reports print it; without it, every finding of the rule.
    pub fingerprint: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it is accepted, as `2027-01-31`.
    pub until: String,
}

/// Why a baseline can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is no baseline.
    #[error("the baseline can't be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A day is no day.
    #[error("{rule}: {until:?} is no day, as 2027-01-31")]
    Day {
        /// The rule.
        rule: String,
        /// What should be a day.
        until: String,
    },
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// [`BaselineError`].
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self = toml::from_str(text)?;
        for accepted in &baseline.accept {
            if accepted.ends().is_none() {
                return Err(BaselineError::Day { rule: accepted.rule.clone(), until: accepted.until.clone() });
            }
        }
        Ok(baseline)
    }

    /// Takes accepted findings out of the results, and gives them back.
    pub(crate) fn apply(&self, results: &mut [RuleResult], now: i64) -> Vec<RuleResult> {
        let mut suppressed = Vec::new();
        for result in results.iter_mut().filter(|result| matches!(result.status, Status::Fail | Status::Review)) {
            let rule = result.rule;
            let accepted = |finding: &Finding| {
                let fits = |one: &&Accepted| {
                    one.rule == rule.id
                        && one.fingerprint.as_ref().is_none_or(|print| *print == fingerprint(rule, finding))
                };
                self.accept.iter().filter(|one| one.ends().is_some_and(|end| now <= end)).find(fits)
            };
            let (gone, kept): (Vec<Finding>, Vec<Finding>) =
                core::mem::take(&mut result.findings).into_iter().partition(|finding| accepted(finding).is_some());
            result.findings = kept;
            if let Some(by) = gone.first().and_then(accepted) {
                let why = format!("accepted until {} by {}: {}", by.until, by.owner, by.reason);
                let status = result.status;
                if result.findings.is_empty() {
                    result.notes.push(why.clone());
                    result.status = Status::Pass;
                }
                suppressed.push(RuleResult { rule, status, findings: gone, notes: Vec::new(), suppressed: Some(why) });
            }
        }
        suppressed
    }
}

impl Accepted {
    /// The last second of the last day.
    fn ends(&self) -> Option<i64> {
        seconds_of_iso(&format!("{}T23:59:59Z", self.until))
    }
}

/// What stays the same of a finding from run to run: the rule, and where it is, but never the token.
pub(crate) fn fingerprint(rule: &Rule, finding: &Finding) -> String {
    let place = &finding.place;
    let text = format!("{} {} {}", rule.id, place.artifact, place.path.as_deref().unwrap_or_default());
    redact::fingerprint(text.as_bytes()).trim_start_matches("sha256 ").to_owned()
}
