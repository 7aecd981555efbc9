//! What can be revoked, and how one revocation is written on the wire and in the authority's log.
//!
//! A revocation is never undone: it lapses at `expires`, when the last token that it concerns has expired.
//! So the set of revocations only grows until expiry, merging is union, and a record that arrives twice,
//! early or out of order is harmless.

use probity_jose::UnixTime;

/// The longest identifier (issuer, subject, session, client, family, token or key ID) in a revocation, in bytes.
pub const MAX_IDENTIFIER_BYTES: usize = 512;

/// Seconds covered by one session list: sessions whose absolute expiry falls into the same hour share a list.
pub const SESSION_LIST_SECONDS: u64 = 3_600;

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
