//! What an access token says: RFC 9068 section 2.2 and the claims of Probity's authority.

use core::fmt;
use core::ops::Range;
use std::sync::{Arc, OnceLock};

use probity_jose::jwt::Verified;
use probity_jose::{UnixTime, VerifyingKey, base64url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::revocation::{MAX_SESSION_INDEX, SessionIndex, TokenFacts};
use crate::status_list::StatusReference;

/// The path below the issuer under which its session lists are published; a list's number follows.
pub const STATUS_LIST_PATH: &str = "/status-lists/";

/// The claims beside the registered ones.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Claims {
    client_id: Option<String>,
    scope: Option<String>,
    sid: Option<String>,
    family: Option<String>,
    status: Option<Status>,
    auth_time: Option<UnixSeconds>,
    acr: Option<String>,
    cnf: Option<Confirmation>,
}

/// `cnf` (RFC 7800 section 3): what the sender must prove to have.
#[derive(Debug, Clone, Deserialize)]
struct Confirmation {
    jkt: Option<String>,
    #[serde(rename = "x5t#S256")]
    x5t: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// A moment as a number of seconds.
#[derive(Debug, Clone, Copy, Deserialize)]
struct UnixSeconds(u64);

#[derive(Debug, Clone, Deserialize)]
struct Status {
    status_list: Option<StatusList>,
}

#[derive(Debug, Clone, Deserialize)]
struct StatusList {
    idx: u32,
    uri: String,
}

/// A `status` claim that does not name a place in its issuer's lists: whether the token is revoked can't be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token's status claim names no session list of its issuer")]
pub struct UnknownStatus;

/// A verified access token. Cloning is cheap.
#[derive(Clone)]
pub struct AccessToken(pub(crate) Arc<Body>);

/// What is kept of a verified token, here and in the cache.
#[repr(C)]
pub(crate) struct Body {
    // What every decision looks at comes first, to be in few lines of the processor's cache.
    /// The token as it came: the cache compares it whole, and claims are read from it on demand.
    text: Box<str>,
    /// The seconds in which `nbf`, `iat` and `exp` are all right.
    times: Range<UnixTime>,
    /// `iss`, in one place for all tokens.
    issuer: Arc<str>,
    session: Option<SessionIndex>,
    /// Where a foreign issuer says whether the token is still valid.
    status: Option<Box<StatusReference>>,
    token: Verified<Claims>,
    all_claims: OnceLock<Map<String, Value>>,
}

impl AccessToken {
    /// Reads the session's place out of verified claims. `issuer` is their `iss`; within `times` the policy finds nothing
    /// wrong with the token's times.
    pub(crate) fn new(
        text: &str,
        token: Verified<Claims>,
        issuer: &Arc<str>,
        times: Range<UnixTime>,
    ) -> Result<Self, UnknownStatus> {
        let session = status_list(&token).map(|list| session_index(issuer, list)).transpose()?;
        let (text, issuer) = (text.into(), Arc::clone(issuer));
        Ok(Self(Arc::new(Body { text, times, issuer, session, status: None, token, all_claims: OnceLock::new() })))
    }

    /// The same for a token of an issuer that is not the replica's, so that its place in a list means nothing there.
    pub(crate) fn foreign(text: &str, token: Verified<Claims>, issuer: &Arc<str>, times: Range<UnixTime>) -> Self {
        let reference = |list: &StatusList| StatusReference { uri: list.uri.clone(), index: list.idx.into() };
        let status = status_list(&token).map(reference).map(Box::new);
        let (text, issuer) = (text.into(), Arc::clone(issuer));
        Self(Arc::new(Body { text, times, issuer, session: None, status, token, all_claims: OnceLock::new() }))
    }

    /// `iss`.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// `aud`.
    pub fn audience(&self) -> &[String] {
        &self.0.token.registered().aud
    }

    /// Whether `aud` names this audience.
    pub fn is_for(&self, audience: &str) -> bool {
        self.audience().iter().any(|named| named == audience)
    }

    /// `sub`: the user, or the client when it acts for itself.
    pub fn subject(&self) -> &str {
        self.0.token.registered().sub.as_deref().unwrap_or_default()
    }

    /// `client_id`.
    pub fn client(&self) -> Option<&str> {
        self.0.token.claims().client_id.as_deref()
    }

    /// `scope`: names separated by spaces.
    pub fn scope(&self) -> &str {
        self.0.token.claims().scope.as_deref().unwrap_or_default()
    }

    /// Whether a scope was granted.
    pub fn has_scope(&self, name: &str) -> bool {
        self.scope().split(' ').any(|granted| granted == name)
    }

    /// `sid`: the user's session.
    pub fn session_id(&self) -> Option<&str> {
        self.0.token.claims().sid.as_deref()
    }

    /// `jti`.
    pub fn id(&self) -> Option<&str> {
        self.0.token.registered().jti.as_deref()
    }

    /// `iat`; a token that does not say when it was issued is as old as the epoch.
    pub fn issued(&self) -> UnixTime {
        self.0.token.registered().iat.unwrap_or_default()
    }

    /// `exp`.
    pub fn expires(&self) -> UnixTime {
        self.0.token.registered().exp.unwrap_or_default()
    }

    /// `auth_time`: when the user last proved who they are.
    pub fn authenticated(&self) -> Option<UnixTime> {
        self.0.token.claims().auth_time.map(|UnixSeconds(seconds)| UnixTime::from_secs(seconds))
    }

    /// `acr`: how the user was authenticated (RFC 9470 section 6).
    pub fn authentication_class(&self) -> Option<&str> {
        self.0.token.claims().acr.as_deref()
    }

    /// Whether `cnf` binds the token to a key of its sender (RFC 7800): as a bearer token it is worth nothing.
    pub fn is_sender_constrained(&self) -> bool {
        self.0.token.claims().cnf.is_some()
    }

    /// The thumbprint of the key that the token is bound to (RFC 9449 section 6.1), if that is all that it is bound to.
    pub fn bound_key(&self) -> Option<&str> {
        let confirmation = self.0.token.claims().cnf.as_ref()?;
        let is_all = confirmation.others.is_empty() && confirmation.x5t.is_none();
        if is_all { confirmation.jkt.as_deref() } else { None }
    }

    /// `x5t#S256` of the certificate that the token is bound to (RFC 8705 section 3.1), if that is all that it is bound to.
    pub fn bound_certificate(&self) -> Option<&str> {
        let confirmation = self.0.token.claims().cnf.as_ref()?;
        let is_all = confirmation.others.is_empty() && confirmation.jkt.is_none();
        if is_all { confirmation.x5t.as_deref() } else { None }
    }

    /// All claims, read into a type of the caller's. This parses the payload each time.
    ///
    /// # Errors
    /// The claims do not fit the type.
    pub fn claims<C: DeserializeOwned>(&self) -> Result<C, serde_json::Error> {
        serde_json::from_slice(&self.payload())
    }

    /// One claim. The payload is parsed once for all calls.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.all_claims.get_or_init(|| self.claims().unwrap_or_default()).get(name)
    }

    /// What the revocation check needs.
    pub fn facts(&self) -> TokenFacts<'_> {
        TokenFacts {
            issuer: self.issuer(),
            key: self.0.token.key_id(),
            subject: self.subject(),
            client: self.client(),
            token: self.id(),
            issued: self.issued(),
            expires: self.expires(),
            family: self.0.token.claims().family.as_deref(),
            session_id: self.session_id(),
            session: self.0.session,
        }
    }

    /// Where a foreign issuer says whether the token is still valid.
    pub(crate) fn status(&self) -> Option<&StatusReference> {
        self.0.status.as_deref()
    }

    /// The token as it came.
    pub(crate) fn text(&self) -> &str {
        self.0.text()
    }

    /// When the token's times are all right.
    pub(crate) fn times(&self) -> &Range<UnixTime> {
        &self.0.times
    }

    /// The key that verified the signature.
    pub(crate) fn key(&self) -> &VerifyingKey {
        self.0.token.key()
    }

    /// The JSON of the claims. It was read once, strictly, when the token was verified.
    fn payload(&self) -> Vec<u8> {
        let payload = self.text().split('.').nth(1).unwrap_or_default();
        base64url::decode(payload).unwrap_or_default()
    }
}

/// Without the token itself.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("subject", &self.subject())
            .field("client", &self.client())
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

impl Body {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// When the last of the token's times is over.
    pub(crate) fn ends(&self) -> UnixTime {
        self.times.end
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

fn status_list(token: &Verified<Claims>) -> Option<&StatusList> {
    token.claims().status.as_ref().and_then(|status| status.status_list.as_ref())
}

fn session_index(issuer: &str, list: &StatusList) -> Result<SessionIndex, UnknownStatus> {
    let below = list.uri.strip_prefix(issuer.trim_end_matches('/')).ok_or(UnknownStatus)?;
    let number = below.strip_prefix(STATUS_LIST_PATH).ok_or(UnknownStatus)?;
    let canonical = number.bytes().all(|byte| byte.is_ascii_digit()) && (number == "0" || !number.starts_with('0'));
    if !canonical || list.idx >= MAX_SESSION_INDEX {
        return Err(UnknownStatus);
    }
    Ok(SessionIndex { list: number.parse().map_err(|_| UnknownStatus)?, index: list.idx })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(uri: &str, idx: u32) -> Result<SessionIndex, UnknownStatus> {
        session_index("https://as.example", &StatusList { idx, uri: uri.into() })
    }

    #[test]
    fn a_status_names_a_place_in_the_issuers_own_lists_or_is_refused() {
        assert_eq!(place("https://as.example/status-lists/495", 7), Ok(SessionIndex { list: 495, index: 7 }));
        for uri in [
            "https://evil.example/status-lists/495",
            "https://as.example.evil/status-lists/495",
            "https://as.example/status-lists/",
            "https://as.example/status-lists/0495",
            "https://as.example/status-lists/+495",
            "https://as.example/status-lists/495/",
            "https://as.example/status-lists/99999999999",
            "https://as.example/other/495",
        ] {
            assert_eq!(place(uri, 7), Err(UnknownStatus), "{uri}");
        }
        assert_eq!(place("https://as.example/status-lists/495", MAX_SESSION_INDEX), Err(UnknownStatus));
    }
}
