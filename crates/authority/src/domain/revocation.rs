//! Orders to revoke: what is to die, and the record that says so.

use probity_jose::UnixTime;
use probity_verifier::revocation::{BadIdentifier, Revocation, SessionIndex, Target};

use super::foreign::ForeignOrder;
use super::lifetimes::last_token_expiry;

/// What an administrator, a client or a decision wants dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// A session: its tokens and its grants.
    Session {
        /// `sid`.
        id: String,
        /// Its place in the session lists.
        place: SessionIndex,
    },
    /// A subject: all sessions, grants and tokens until now.
    Subject(String),
    /// A client: all grants and tokens until now.
    Client(String),
    /// A grant: its refresh tokens and access tokens.
    Family(String),
    /// One access token.
    Token {
        /// `jti`.
        id: String,
        /// `exp`, when it is known.
        expires: Option<UnixTime>,
    },
    /// A signing key: everything that it has signed.
    Key(String),
    /// All sessions, grants and tokens of this authority until now.
    Everything,
    /// Something of another issuer.
    Foreign(ForeignOrder),
}

impl Order {
    /// The name of what is to die, for logs and requests.
    pub const fn level(&self) -> &'static str {
        match self {
            Self::Session { .. } => "session",
            Self::Subject(_) => "subject",
            Self::Client(_) => "client",
            Self::Family(_) => "family",
            Self::Token { .. } => "token",
            Self::Key(_) => "key",
            Self::Everything => "everything",
            Self::Foreign(_) => "foreign",
        }
    }

    /// The record for the guards. A moment up to which tokens are dead is never before `now`; the store's writer moves it to
    /// the moment of the commit.
    ///
    /// # Errors
    /// [`BadIdentifier`]: an identifier that no record can carry, so that no token can have it.
    pub fn record(&self, now: UnixTime) -> Result<Revocation, BadIdentifier> {
        let lapses = last_token_expiry(now);
        let (target, expires) = match self {
            Self::Session { place, .. } => (Target::Session(*place), SessionIndex::list_expires(place.list)),
            Self::Subject(subject) => (Target::Subject { subject: subject.clone(), through: now }, lapses),
            Self::Client(client) => (Target::Client { client: client.clone(), through: now }, lapses),
            Self::Family(family) => (Target::Family(family.clone()), lapses),
            Self::Token { id, expires } => (Target::Token(id.clone()), expires.unwrap_or(lapses)),
            Self::Key(key) => (Target::Key(key.clone()), lapses),
            Self::Everything => (Target::Everything { through: now }, lapses),
            Self::Foreign(order) => return Ok(order.record()),
        };
        let record = Revocation::own(target, expires);
        record.check()?;
        Ok(record)
    }
}

/// The same record as of the moment of the commit: whatever was issued before it is dead.
///
/// Nothing is issued at or before a watermark that concerns it (see [`crate::moment`]), so a token of the same second can
/// only be an earlier one.
#[must_use]
pub fn stamped(mut record: Revocation, now: UnixTime) -> Revocation {
    if let Target::Subject { through, .. } | Target::Client { through, .. } | Target::Everything { through } =
        &mut record.target
    {
        *through = now.max(*through);
        if record.issuer.is_none() {
            record.expires = record.expires.max(last_token_expiry(*through));
        }
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    #[test]
    fn a_watermark_moves_to_the_moment_of_the_commit_and_is_kept_as_long_as_tokens_live() {
        let record = Order::Subject("u".into()).record(NOW).unwrap();
        let through = UnixTime::from_secs(1_002);
        let stamped = stamped(record, through);
        assert_eq!(stamped.target, Target::Subject { subject: "u".into(), through });
        assert_eq!(stamped.expires, last_token_expiry(through));
    }

    #[test]
    fn another_issuers_watermark_is_stamped_too_but_kept_as_long_as_was_said() {
        let (expires, commit) = (UnixTime::from_secs(1_050), UnixTime::from_secs(1_002));
        let target = Target::Everything { through: NOW };
        let order = ForeignOrder::new("https://idp.example", target, Some(expires), NOW).unwrap();
        let stamped = stamped(Order::Foreign(order).record(NOW).unwrap(), commit);
        assert_eq!((stamped.target, stamped.expires), (Target::Everything { through: commit }, expires));
    }

    #[test]
    fn a_record_outlives_the_token_that_it_kills() {
        let expires = UnixTime::from_secs(1_100);
        let known = Order::Token { id: "j".into(), expires: Some(expires) }.record(NOW).unwrap();
        assert_eq!(known.expires, expires);
        let unknown = Order::Token { id: "j".into(), expires: None }.record(NOW).unwrap();
        assert_eq!(unknown.expires, last_token_expiry(NOW));
        let place = SessionIndex { list: 5, index: 1 };
        let session = Order::Session { id: "s".into(), place }.record(NOW).unwrap();
        assert_eq!(session.expires, SessionIndex::list_expires(5));
    }

    #[test]
    fn an_identifier_that_no_token_can_have_is_refused() {
        assert!(Order::Token { id: String::new(), expires: None }.record(NOW).is_err());
        assert!(Order::Subject("x".repeat(513)).record(NOW).is_err());
    }
}
