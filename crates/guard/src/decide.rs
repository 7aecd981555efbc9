//! The verdict on a request whose token has been verified: pure.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use probity_verifier::AccessToken;

use crate::Refusal;

/// The headers by which the application learns who calls. A proxy must remove them from what comes in.
pub mod identity {
    use http::HeaderName;

    /// `sub`.
    pub const SUBJECT: HeaderName = HeaderName::from_static("x-auth-subject");
    /// `client_id`.
    pub const CLIENT: HeaderName = HeaderName::from_static("x-auth-client");
    /// `scope`, separated by spaces.
    pub const SCOPE: HeaderName = HeaderName::from_static("x-auth-scope");
    /// `sid`, when the token belongs to a user's session.
    pub const SESSION: HeaderName = HeaderName::from_static("x-auth-session");
    /// `iss`.
    pub const ISSUER: HeaderName = HeaderName::from_static("x-auth-issuer");
    /// `jti`, for logs.
    pub const TOKEN_ID: HeaderName = HeaderName::from_static("x-auth-token-id");

    /// All of them.
    pub const ALL: [HeaderName; 6] = [SUBJECT, CLIENT, SCOPE, SESSION, ISSUER, TOKEN_ID];
}

/// What a route requires beyond a good token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Scopes that must all have been granted.
    pub scopes: Vec<String>,
}

/// Lets a verified token pass, with the headers that tell the application who calls.
///
/// Every identity header is set, an absent claim as the empty text, so that a proxy which copies them overwrites
/// whatever the client sent.
///
/// # Errors
/// [`Refusal::InsufficientScope`], [`Refusal::UnprintableIdentity`].
pub fn admit(token: &AccessToken, requirements: &Requirements) -> Result<HeaderMap, Refusal> {
    if !requirements.scopes.iter().all(|scope| token.has_scope(scope)) {
        return Err(Refusal::InsufficientScope { required: requirements.scopes.join(" ") });
    }
    let values = [
        (identity::SUBJECT, token.subject()),
        (identity::CLIENT, token.client().unwrap_or_default()),
        (identity::SCOPE, token.scope()),
        (identity::SESSION, token.session_id().unwrap_or_default()),
        (identity::ISSUER, token.issuer()),
        (identity::TOKEN_ID, token.id().unwrap_or_default()),
    ];
    values.into_iter().map(|(name, value)| header(name, value)).collect()
}

fn header(name: HeaderName, value: &str) -> Result<(HeaderName, HeaderValue), Refusal> {
    HeaderValue::from_str(value).map(|value| (name, value)).map_err(|_| Refusal::UnprintableIdentity)
}
