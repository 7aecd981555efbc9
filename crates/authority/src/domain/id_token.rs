//! The claims of an ID token: OpenID Connect Core 1.0 section 2.

use probity_jose::UnixTime;
use serde::Serialize;

use super::session::Session;

/// `typ` of an ID token.
pub const TYPE: &str = "JWT";

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdTokenClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
    auth_time: u64,
    amr: [&'static str; 1],
    sid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

impl<'a> IdTokenClaims<'a> {
    /// The ID token of a session for a client, with the `nonce` of the request that asked for it.
    pub fn new(
        issuer: &'a str,
        client_id: &'a str,
        session: &'a Session,
        nonce: Option<&'a str>,
        now: UnixTime,
        lifetime: u64,
    ) -> Self {
        Self {
            iss: issuer,
            sub: &session.subject,
            aud: client_id,
            iat: now.as_secs(),
            exp: now.plus(lifetime).as_secs(),
            auth_time: session.auth_time.as_secs(),
            amr: ["pwd"],
            sid: &session.id,
            nonce,
        }
    }
}
