//! What a check says: never more than it measured.

use crate::rule::{Rule, Severity};

/// What one check found out about one piece of evidence, or about a live target.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Looked, and it is right; the text says what was looked at where that is not obvious.
    Pass(String),
    /// Looked, and something is to be said.
    Found(Vec<Finding>),
    /// There is nothing here that the rule is about.
    NotApplicable(String),
    /// Looked, and can't tell.
    Inconclusive(String),
    /// Did not look, for this reason.
    NotTested(String),
    /// What would have been found follows from another finding, with this ID.
    Subsumed(&'static str),
}

impl Outcome {
    /// A pass that needs no words.
    pub fn pass() -> Self {
        Self::Pass(String::new())
    }

    /// A pass that says what was looked at.
    pub fn passed(note: impl Into<String>) -> Self {
        Self::Pass(note.into())
    }

    /// The rule is not about this.
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self::NotApplicable(reason.into())
    }

    /// Can't tell.
    pub fn inconclusive(reason: impl Into<String>) -> Self {
        Self::Inconclusive(reason.into())
    }

    /// Did not look.
    pub fn not_tested(reason: impl Into<String>) -> Self {
        Self::NotTested(reason.into())
    }

    /// The findings, or a pass when there are none.
    pub fn of(findings: Vec<Finding>) -> Self {
        if findings.is_empty() { Self::pass() } else { Self::Found(findings) }
    }
}

impl From<Finding> for Outcome {
    fn from(finding: Finding) -> Self {
        Self::Found(vec![finding])
    }
}

/// The state of a rule after all its checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Something is wrong.
    Fail,
    /// A person should look.
    Review,
    /// Looked, and can't tell.
    Inconclusive,
    /// Looked, and it is right.
    Pass,
    /// It follows from another finding.
    Subsumed,
    /// Did not look.
    NotTested,
    /// There is nothing here that the rule is about.
    NotApplicable,
}

impl Status {
    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Review => "review",
            Self::Inconclusive => "inconclusive",
            Self::Pass => "pass",
            Self::Subsumed => "subsumed",
            Self::NotTested => "not tested",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// How a finding is known, from the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The server did it.
    ProvenLive,
    /// A secret was recovered, a key factored, a private half seen.
    ProvenOffline,
    /// It is in an artifact that somebody can look at.
    Observed,
    /// A document says so.
    Declared,
    /// It follows from something else that is likely.
    Inferred,
}

impl Proof {
    /// Whether the word *vulnerable* and the severity *critical* are earned.
    pub const fn is_proof(self) -> bool {
        matches!(self, Self::ProvenLive | Self::ProvenOffline)
    }

    /// The words for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProvenLive => "proven live",
            Self::ProvenOffline => "proven offline",
            Self::Observed => "observed",
            Self::Declared => "declared",
            Self::Inferred => "inferred",
        }
    }
}

/// Something to be said about a target.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The claim in one sentence.
    pub claim: String,
    /// Whether a person must judge it.
    pub review: bool,
    /// How bad, when it is not as bad as the rule can be.
    pub severity: Option<Severity>,
    /// How it is known.
    pub proof: Proof,
    /// Where it is.
    pub place: Place,
    /// The facts that make the claim, as name and value; secrets are masked by who adds them.
    pub facts: Vec<(String, String)>,
    /// Numbers of the requests in the audit's log that show it.
    pub requests: Vec<usize>,
}

/// Something is wrong: the claim in one sentence. Observed, and as severe as the rule, unless more is said.
pub fn fail(claim: impl Into<String>) -> Finding {
    Finding {
        claim: claim.into(),
        review: false,
        severity: None,
        proof: Proof::Observed,
        place: Place::default(),
        facts: Vec::new(),
        requests: Vec::new(),
    }
}

/// Something that a person should look at.
pub fn review(claim: impl Into<String>) -> Finding {
    Finding { review: true, ..fail(claim) }
}

impl Finding {
    /// How bad.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// How it is known.
    pub fn proof(mut self, proof: Proof) -> Self {
        self.proof = proof;
        self
    }

    /// Where it is.
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// A fact behind the claim.
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push((name.into(), value.into()));
        self
    }

    /// The severity that a report may print: critical needs proof.
    pub fn severity_under(&self, rule: &Rule) -> Severity {
        let severity = self.severity.unwrap_or(rule.severity);
        if self.proof.is_proof() { severity } else { severity.min(Severity::High) }
    }
}

/// Where something is.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The artifact, for a person: `token 1`, `config.yaml`, `https://api.example/me`.
    pub artifact: String,
    /// The line in it, from 1.
    pub line: Option<usize>,
    /// The member in it, as `claims.email` or `keys[2]`.
    pub path: Option<String>,
}

impl Place {
    /// A whole artifact.
    pub fn of(artifact: impl Into<String>) -> Self {
        Self { artifact: artifact.into(), line: None, path: None }
    }

    /// A line of this artifact.
    pub fn line(&self, line: usize) -> Self {
        Self { line: Some(line), ..self.clone() }
    }

    /// A member of this artifact.
    pub fn path(&self, path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..self.clone() }
    }
}

impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.artifact)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        match &self.path {
            Some(path) if self.artifact.is_empty() => f.write_str(path),
            Some(path) => write!(f, " {path}"),
            None => Ok(()),
        }
    }
}
