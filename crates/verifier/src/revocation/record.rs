//! What can be revoked, and how one revocation is written on the wire and in the authority's log.
//!
//! A revocation is never undone: it lapses at `expires`, when the last token that it concerns has expired.
//! So the set of revocations only grows until expiry, merging is union, and a record that arrives twice,
//! early or out of order is harmless.

use probity_jose::UnixTime;

use super::codec::{Reader, put_string};
use super::replica::TokenFacts;
use super::wire::MalformedFrame;

/// The longest identifier (issuer, subject, session, client, family, token or key ID) in a revocation, in bytes.
pub const MAX_IDENTIFIER_BYTES: usize = 512;

/// Seconds covered by one session list: sessions whose absolute expiry falls into the same hour share a list.
pub const SESSION_LIST_SECONDS: u64 = 3_600;

/// The places of one session list: indices are below this, so that a list has at most 16 MiB.
pub const MAX_SESSION_INDEX: u32 = 1 << 27;

/// For how long after `iat` a guard accepts a token of a foreign issuer at most, in seconds: a day.
///
/// The authority knows nothing of such tokens, so this is what says how long a revocation of one must be kept.
pub const MAX_FOREIGN_TOKEN_SECONDS: u64 = 24 * 3_600;

/// One revocation: what is dead, of which issuer, and when the record may be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Revocation {
    /// The issuer whose tokens are concerned; `None` is the authority's own.
    pub issuer: Option<String>,
    /// What is dead.
    pub target: Target,
    /// When the last token that this concerns has expired, so that the record can lapse.
    pub expires: UnixTime,
}

/// What a revocation kills. Levels are checked independently and any hit revokes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A session of the authority, by its place in the session lists.
    Session(SessionIndex),
    /// A session of a foreign issuer, by its `sid`.
    SessionId(String),
    /// All tokens of a subject issued at or before `through`.
    Subject {
        /// The `sub` claim.
        subject: String,
        /// Tokens with `iat` at or before this are dead.
        through: UnixTime,
    },
    /// All tokens of a client issued at or before `through`.
    Client {
        /// The `client_id` claim.
        client: String,
        /// Tokens with `iat` at or before this are dead.
        through: UnixTime,
    },
    /// All tokens of one grant: the refresh family and the access tokens issued from it.
    Family(String),
    /// One token, by its `jti`.
    Token(String),
    /// Every token signed by a key, by its `kid`.
    Key(String),
    /// Everything of the issuer issued at or before `through`.
    Everything {
        /// Tokens with `iat` at or before this are dead.
        through: UnixTime,
    },
}

/// The place of a session in the session lists: one bit.
///
/// A token carries it as `status.status_list` (draft-ietf-oauth-status-list): `uri` ends with the list's number, `idx`
/// is the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionIndex {
    /// Which list: the hour, counted from the Unix epoch, at whose end every session in it has expired.
    pub list: u32,
    /// Which bit of the list.
    pub index: u32,
}

/// An identifier in a revocation is longer than [`MAX_IDENTIFIER_BYTES`] or empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identifier in a revocation has 1 to {MAX_IDENTIFIER_BYTES} bytes")]
pub struct BadIdentifier;

const FOREIGN: u8 = 0b1000_0000;

mod kind {
    pub(super) const SESSION: u8 = 1;
    pub(super) const SESSION_ID: u8 = 2;
    pub(super) const SUBJECT: u8 = 3;
    pub(super) const CLIENT: u8 = 4;
    pub(super) const FAMILY: u8 = 5;
    pub(super) const TOKEN: u8 = 6;
    pub(super) const KEY: u8 = 7;
    pub(super) const EVERYTHING: u8 = 8;
}

impl Revocation {
    /// A revocation of something of the authority's own.
    pub const fn own(target: Target, expires: UnixTime) -> Self {
        Self { issuer: None, target, expires }
    }

    /// Checks that every identifier is within its limit, so that the record can be written.
    ///
    /// # Errors
    /// [`BadIdentifier`] names no identifier: it may be a stranger's input.
    pub fn check(&self) -> Result<(), BadIdentifier> {
        let name = match &self.target {
            Target::Session(_) | Target::Everything { .. } => "-",
            Target::SessionId(name) | Target::Family(name) | Target::Token(name) | Target::Key(name) => name,
            Target::Subject { subject, .. } => subject,
            Target::Client { client, .. } => client,
        };
        let fits = |text: &str| (1..=MAX_IDENTIFIER_BYTES).contains(&text.len());
        if fits(name) && self.issuer.as_deref().is_none_or(fits) { Ok(()) } else { Err(BadIdentifier) }
    }

    /// Whether the record kills a token. `home` is the issuer whose records name none.
    pub fn concerns(&self, token: &TokenFacts<'_>, home: &str) -> bool {
        if token.issuer != self.issuer.as_deref().unwrap_or(home) {
            return false;
        }
        match &self.target {
            Target::Session(place) => self.issuer.is_none() && token.session == Some(*place),
            Target::SessionId(name) => token.session_id == Some(name),
            Target::Subject { subject, through } => token.subject == subject && token.issued <= *through,
            Target::Client { client, through } => token.client == Some(client) && token.issued <= *through,
            Target::Family(name) => token.family == Some(name),
            Target::Token(name) => token.token == Some(name),
            Target::Key(name) => token.key == Some(name),
            Target::Everything { through } => token.issued <= *through,
        }
    }

    /// Appends the record's bytes: docs/revocation-protocol.md has them one by one.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let kind = match self.target {
            Target::Session(_) => kind::SESSION,
            Target::SessionId(_) => kind::SESSION_ID,
            Target::Subject { .. } => kind::SUBJECT,
            Target::Client { .. } => kind::CLIENT,
            Target::Family(_) => kind::FAMILY,
            Target::Token(_) => kind::TOKEN,
            Target::Key(_) => kind::KEY,
            Target::Everything { .. } => kind::EVERYTHING,
        };
        out.push(if self.issuer.is_some() { kind | FOREIGN } else { kind });
        out.extend_from_slice(&self.expires.as_secs().to_be_bytes());
        if let Some(issuer) = &self.issuer {
            put_string(out, issuer);
        }
        match &self.target {
            Target::Session(place) => {
                out.extend_from_slice(&place.list.to_be_bytes());
                out.extend_from_slice(&place.index.to_be_bytes());
            }
            Target::SessionId(name) | Target::Family(name) | Target::Token(name) | Target::Key(name) => {
                put_string(out, name);
            }
            Target::Subject { subject: name, through } | Target::Client { client: name, through } => {
                put_string(out, name);
                out.extend_from_slice(&through.as_secs().to_be_bytes());
            }
            Target::Everything { through } => {
                out.extend_from_slice(&through.as_secs().to_be_bytes());
            }
        }
    }

    /// Reads one record that fills all of `bytes`, as the authority's log holds it.
    ///
    /// # Errors
    /// [`MalformedFrame`] when the bytes are not exactly one record.
    pub fn decode(bytes: &[u8]) -> Result<Self, MalformedFrame> {
        let mut reader = Reader::new(bytes);
        let record = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(record)
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, MalformedFrame> {
        let tag = from.u8()?;
        let expires = UnixTime::from_secs(from.u64()?);
        let issuer = if tag & FOREIGN == 0 { None } else { Some(identifier(from)?) };
        let target = match tag & !FOREIGN {
            kind::SESSION => {
                let place = SessionIndex { list: from.u32()?, index: from.u32()? };
                if place.index >= MAX_SESSION_INDEX {
                    return Err(MalformedFrame::OutOfRange);
                }
                Target::Session(place)
            }
            kind::SESSION_ID => Target::SessionId(identifier(from)?),
            kind::SUBJECT => Target::Subject { subject: identifier(from)?, through: UnixTime::from_secs(from.u64()?) },
            kind::CLIENT => Target::Client { client: identifier(from)?, through: UnixTime::from_secs(from.u64()?) },
            kind::FAMILY => Target::Family(identifier(from)?),
            kind::TOKEN => Target::Token(identifier(from)?),
            kind::KEY => Target::Key(identifier(from)?),
            kind::EVERYTHING => Target::Everything { through: UnixTime::from_secs(from.u64()?) },
            _ => return Err(MalformedFrame::UnknownRecord),
        };
        Ok(Self { issuer, target, expires })
    }
}

impl SessionIndex {
    /// When every session of the list has expired, and the list can be dropped whole.
    pub const fn list_expires(list: u32) -> UnixTime {
        UnixTime::from_secs((list as u64).saturating_mul(SESSION_LIST_SECONDS))
    }

    /// The list of a session that expires at `expires`: its hour, rounded up.
    pub fn list_for(expires: UnixTime) -> u32 {
        u32::try_from(expires.as_secs().div_ceil(SESSION_LIST_SECONDS)).unwrap_or(u32::MAX)
    }
}

fn identifier(from: &mut Reader<'_>) -> Result<String, MalformedFrame> {
    let text = from.string(MAX_IDENTIFIER_BYTES)?;
    if text.is_empty() { Err(MalformedFrame::EmptyIdentifier) } else { Ok(text) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn any_revocation() -> impl Strategy<Value = Revocation> {
        let name = || "[a-zA-Z0-9:/._-]{1,40}";
        let time = || any::<u32>().prop_map(|s| UnixTime::from_secs(u64::from(s)));
        let target = prop_oneof![
            (any::<u32>(), 0..100_000_u32).prop_map(|(list, index)| Target::Session(SessionIndex { list, index })),
            name().prop_map(Target::SessionId),
            (name(), time()).prop_map(|(subject, through)| Target::Subject { subject, through }),
            (name(), time()).prop_map(|(client, through)| Target::Client { client, through }),
            name().prop_map(Target::Family),
            name().prop_map(Target::Token),
            name().prop_map(Target::Key),
            time().prop_map(|through| Target::Everything { through }),
        ];
        (proptest::option::of(name()), target, time()).prop_map(|(issuer, target, expires)| Revocation {
            issuer,
            target,
            expires,
        })
    }

    proptest! {
        #[test]
        fn a_record_reads_back_as_it_was_written(record in any_revocation()) {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            prop_assert_eq!(Revocation::decode(&bytes), Ok(record));
        }

        #[test]
        fn a_truncated_record_is_refused(record in any_revocation(), cut in any::<prop::sample::Index>()) {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            bytes.truncate(cut.index(bytes.len()));
            prop_assert!(Revocation::decode(&bytes).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Revocation::decode(&bytes);
        }
    }

    #[test]
    fn an_empty_or_oversized_identifier_is_refused() {
        let token = |jti: String| Revocation::own(Target::Token(jti), UnixTime::from_secs(9)).check();
        assert_eq!(token(String::new()), Err(BadIdentifier));
        assert_eq!(token("x".repeat(MAX_IDENTIFIER_BYTES)), Ok(()));
        assert_eq!(token("x".repeat(MAX_IDENTIFIER_BYTES + 1)), Err(BadIdentifier));
    }

    #[test]
    fn a_list_outlives_each_of_its_sessions() {
        for expires in [0, 1, 3_599, 3_600, 3_601, 7_200] {
            let expires = UnixTime::from_secs(expires);
            assert!(SessionIndex::list_expires(SessionIndex::list_for(expires)) >= expires);
        }
    }
}
