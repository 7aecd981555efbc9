//! The claims of an ID token: OpenID Connect Core 1.0 section 2.

use probity_jose::UnixTime;
use serde::Serialize;
use serde_json::{Map, Value};

use super::authentication::{Authentication, Method};

/// `typ` of an ID token.
pub const TYPE: &str = "JWT";

/// What is signed. Its one audience is the client, so it needs no `azp` (section 2: there for several audiences).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdTokenClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
    auth_time: u64,
    acr: &'static str,
    amr: &'a [Method],
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_hash: Option<String>,
    #[serde(flatten)]
    user: Map<String, Value>,
}

/// Whom an ID token is about, and for whom it is.
#[derive(Debug, Clone, Copy)]
pub struct Parties<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`.
    pub client_id: &'a str,
    /// `sub`, as the client calls the user.
    pub subject: &'a str,
    /// `sid`.
    pub session_id: Option<&'a str>,
}

impl<'a> IdTokenClaims<'a> {
    /// The ID token of a login, good for `lifetime` seconds from `now`.
    pub fn new(parties: Parties<'a>, authentication: &'a Authentication, now: UnixTime, lifetime: u64) -> Self {
        Self {
            iss: parties.issuer,
            sub: parties.subject,
            aud: parties.client_id,
            iat: now.as_secs(),
            exp: now.plus(lifetime).as_secs(),
            auth_time: authentication.time.as_secs(),
            acr: authentication.class(),
            amr: &authentication.methods,
            sid: parties.session_id,
            nonce: None,
            at_hash: None,
            user: Map::new(),
        }
    }

    /// The same with the `nonce` of the request that asked for it.
    #[must_use]
    pub fn with_nonce(self, nonce: Option<&'a str>) -> Self {
        Self { nonce, ..self }
    }

    /// The same with the hash of the access token that comes along (section 3.1.3.6).
    #[must_use]
    pub fn with_access_token_hash(self, hash: Option<String>) -> Self {
        Self { at_hash: hash, ..self }
    }

    /// The same with claims about the user.
    #[must_use]
    pub fn with_user(self, user: Map<String, Value>) -> Self {
        Self { user, ..self }
    }
}
