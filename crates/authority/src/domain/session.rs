//! Sessions: one login of one subject, on the server's side.

use probity_jose::{UnixTime, base64url};
use probity_verifier::revocation::SessionIndex;

use super::authentication::Authentication;

/// Bytes of randomness in a `sid`.
pub const SESSION_ID_BYTES: usize = 16;

/// A session that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// `sid`: names the session in tokens. Not the cookie.
    pub id: String,
    /// `sub`.
    pub subject: String,
    /// How and when the user last proved who they are.
    pub authentication: Authentication,
    /// When it ends, whatever happens in it.
    pub expires: UnixTime,
    /// Its place in the session lists.
    pub place: SessionIndex,
}

/// The text of a session's or family's identifier.
pub fn id_text(entropy: [u8; SESSION_ID_BYTES]) -> String {
    base64url::encode(&entropy)
}

impl Session {
    /// Whether it is over by the clock.
    pub fn is_over(&self, now: UnixTime) -> bool {
        now >= self.expires
    }
}
