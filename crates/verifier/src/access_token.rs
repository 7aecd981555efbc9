//! What an access token of Probity's authority says: RFC 9068 section 2.2 and our own claims.

use probity_jose::UnixTime;
use probity_jose::jwt::Verified;
use serde::Deserialize;

use crate::revocation::{MAX_SESSION_INDEX, SessionIndex, TokenFacts};

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
}

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

/// A verified access token.
#[derive(Debug)]
pub struct AccessToken {
    token: Verified<Claims>,
    session: Option<SessionIndex>,
}

impl AccessToken {
    /// Reads the session's place out of verified claims.
    pub(crate) fn new(token: Verified<Claims>) -> Result<Self, UnknownStatus> {
        let issuer = token.registered().iss.as_deref().unwrap_or_default();
        let list = token.claims().status.as_ref().and_then(|status| status.status_list.as_ref());
        let session = list.map(|list| session_index(issuer, list)).transpose()?;
        Ok(Self { token, session })
    }

    /// `iss`.
    pub fn issuer(&self) -> &str {
        self.token.registered().iss.as_deref().unwrap_or_default()
    }

    /// `aud`.
    pub fn audience(&self) -> &[String] {
        &self.token.registered().aud
    }

    /// `sub`: the user, or the client when it acts for itself.
    pub fn subject(&self) -> &str {
        self.token.registered().sub.as_deref().unwrap_or_default()
    }

    /// `client_id`.
    pub fn client(&self) -> Option<&str> {
        self.token.claims().client_id.as_deref()
    }

    /// `scope`: names separated by spaces.
    pub fn scope(&self) -> &str {
        self.token.claims().scope.as_deref().unwrap_or_default()
    }

    /// Whether a scope was granted.
    pub fn has_scope(&self, name: &str) -> bool {
        self.scope().split(' ').any(|granted| granted == name)
    }

    /// `sid`: the user's session.
    pub fn session_id(&self) -> Option<&str> {
        self.token.claims().sid.as_deref()
    }

    /// `jti`.
    pub fn id(&self) -> Option<&str> {
        self.token.registered().jti.as_deref()
    }

    /// `iat`; a token that does not say when it was issued is as old as the epoch.
    pub fn issued(&self) -> UnixTime {
        self.token.registered().iat.unwrap_or_default()
    }

    /// `exp`.
    pub fn expires(&self) -> UnixTime {
        self.token.registered().exp.unwrap_or_default()
    }

    /// What the revocation check needs.
    pub fn facts(&self) -> TokenFacts<'_> {
        TokenFacts {
            issuer: self.issuer(),
            key: self.token.key_id(),
            subject: self.subject(),
            client: self.client(),
            token: self.id(),
            issued: self.issued(),
            expires: self.expires(),
            family: self.token.claims().family.as_deref(),
            session_id: self.session_id(),
            session: self.session,
        }
    }
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
