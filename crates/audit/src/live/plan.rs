//! What is to be sent, decided before anything is.

use super::request::Shot;
use crate::outcome::Outcome;
use crate::rule::Severity;

/// The attempts of one rule.
#[derive(Debug)]
pub enum Plan {
    /// Send these.
    Attempts(Vec<Attempt>),
    /// Send these, if a plain token signed by the operator's key is accepted.
    Signed(Vec<Attempt>),
    /// There is nothing to send.
    Skip(Outcome),
}

impl Plan {
    /// These attempts.
    pub fn of(attempts: Vec<Attempt>) -> Self {
        if attempts.is_empty() { Self::not_applicable("there is nothing to try") } else { Self::Attempts(attempts) }
    }

    /// The rule is not about this target.
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self::Skip(Outcome::not_applicable(reason))
    }

    /// Something is missing.
    pub fn not_tested(reason: impl Into<String>) -> Self {
        Self::Skip(Outcome::not_tested(reason))
    }
}

/// One thing that must not be accepted, and its negative twin: the same without the property that is tried, which must be
/// refused for the attempt to prove anything.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// What is tried, in a few words.
    pub what: String,
    /// What is sent.
    pub shot: Shot,
    /// The twin.
    pub twin: Option<Shot>,
    /// Whether the twin carries a worthless signature, so that its acceptance is a forgery too.
    pub twin_is_forgery: bool,
    /// How bad acceptance is, when not as bad as the rule.
    pub severity: Option<Severity>,
}

impl Attempt {
    /// An attempt with its twin.
    pub fn new(what: impl Into<String>, shot: Shot, twin: Shot) -> Self {
        Self { what: what.into(), shot, twin: Some(twin), twin_is_forgery: false, severity: None }
    }

    /// A forged token with a twin whose signature is worthless.
    pub fn forgery(what: impl Into<String>, token: String, twin: String) -> Self {
        Self { twin_is_forgery: true, ..Self::new(what, Shot::token(token), Shot::token(twin)) }
    }

    /// How bad acceptance is.
    pub fn as_severe_as(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }
}
