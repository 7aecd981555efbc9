//! A write is a value.

use probity_verifier::revocation::{Revocation, Target};

use super::value::Value;
use crate::domain::audit_log::Event;

/// What a statement must have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Exactly one row changed; otherwise the whole write is undone and this is the outcome.
    One(Conflict),
    /// Whatever it did is right.
    Any,
}

/// Why a write was not applied: somebody else was faster, or the thing is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Conflict {
    /// The authorization code has been redeemed or has expired.
    #[error("the code was redeemed meanwhile")]
    CodeRedeemed,
    /// The refresh token has been rotated or its family revoked.
    #[error("the refresh token was rotated meanwhile")]
    FamilyMoved,
    /// The pushed request has been used.
    #[error("the pushed request was used meanwhile")]
    RequestUsed,
    /// The grant has been revoked already.
    #[error("the grant is revoked already")]
    AlreadyRevoked,
    /// The user has withdrawn the consent.
    #[error("the consent was withdrawn meanwhile")]
    ConsentWithdrawn,
    /// The session has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// The user is gone, may not log in any more, or has another password.
    #[error("the user has changed meanwhile")]
    UserChanged,
    /// The client is gone.
    #[error("the client has changed meanwhile")]
    ClientChanged,
    /// The initial access token has been used up or has expired.
    #[error("the registration token was used meanwhile")]
    RegistrationTokenUsed,
    /// The name is taken.
    #[error("the name is taken")]
    Taken,
    /// The signing key is not what it was.
    #[error("the signing key has changed meanwhile")]
    KeyMoved,
}

/// One SQL statement with its parameters `$1`, `$2`, ...
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(super) sql: &'static str,
    pub(super) parameters: Vec<Value>,
    pub(super) expect: Expect,
}

impl Statement {
    pub(super) fn new<const N: usize>(sql: &'static str, parameters: [Value; N], expect: Expect) -> Self {
        Self { sql, parameters: parameters.into(), expect }
    }
}

/// Statements, revocations and events of the audit log that are applied together or not at all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Write {
    pub(super) statements: Vec<Statement>,
    pub(super) revocations: Vec<Revocation>,
    pub(super) events: Vec<Event>,
}

impl Write {
    /// A write that changes nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// One more statement.
    #[must_use]
    pub(crate) fn and(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// More statements.
    #[must_use]
    pub(crate) fn and_all(mut self, statements: impl IntoIterator<Item = Statement>) -> Self {
        self.statements.extend(statements);
        self
    }

    /// Everything of another write too.
    #[must_use]
    pub(crate) fn and_other(mut self, other: Self) -> Self {
        self.statements.extend(other.statements);
        self.revocations.extend(other.revocations);
        self.events.extend(other.events);
        self
    }

    /// One more revocation: it gets its position in the log when the write is applied.
    #[must_use]
    pub(crate) fn revoking(mut self, revocation: Revocation) -> Self {
        self.revocations.push(revocation);
        self
    }

    /// One more event: it gets its place in the audit log when the write is applied.
    #[must_use]
    pub(crate) fn logging(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// Whether it has something for the audit log.
    pub(super) const fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Whether one of its revocations gets the time of the commit.
    pub(super) fn has_watermark(&self) -> bool {
        let is_watermark = |target: &Target| {
            matches!(target, Target::Subject { .. } | Target::Client { .. } | Target::Everything { .. })
        };
        self.revocations.iter().any(|revocation| is_watermark(&revocation.target))
    }
}

impl From<Statement> for Write {
    fn from(statement: Statement) -> Self {
        Self::new().and(statement)
    }
}
