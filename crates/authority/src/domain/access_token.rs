//! The claims of an access token: RFC 9068 section 2.2 and ours.

use probity_jose::UnixTime;
use probity_verifier::STATUS_LIST_PATH;
use serde::Serialize;

use super::client::Client;
use super::scope::Scope;
use super::session::Session;

/// `typ` of an access token: RFC 9068 section 2.1.
pub const TYPE: &str = "at+jwt";

/// Bytes of randomness in a `jti`.
pub const TOKEN_ID_BYTES: usize = 16;

/// What is signed. Nothing in it is personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessTokenClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    iat: u64,
    exp: u64,
    jti: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    grant: Option<GrantClaims<'a>>,
}

/// What a token of a user's session says besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct GrantClaims<'a> {
    sid: &'a str,
    auth_time: u64,
    amr: [&'static str; 1],
    family: &'a str,
    status: Status,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Status {
    status_list: StatusList,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct StatusList {
    idx: u32,
    uri: String,
}

/// Who issues, when, for how long, and which token this is.
#[derive(Debug, Clone, Copy)]
pub struct Issuance<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// `iat`: strictly above every watermark that concerns the token.
    pub issued: UnixTime,
    /// The lifetime in seconds.
    pub lifetime: u64,
    /// `jti`.
    pub token_id: &'a str,
}

impl<'a> AccessTokenClaims<'a> {
    /// A token for the client itself: RFC 6749 section 4.4, RFC 9068 section 2.2 (`sub` is the client).
    pub fn for_client(client: &'a Client, scope: &Scope, issuance: Issuance<'a>) -> Self {
        Self {
            iss: issuance.issuer,
            sub: &client.id,
            aud: &client.audience,
            client_id: &client.id,
            iat: issuance.issued.as_secs(),
            exp: issuance.issued.plus(issuance.lifetime).as_secs(),
            jti: issuance.token_id,
            scope: scope.to_string(),
            grant: None,
        }
    }

    /// A token of a user's session under a grant. It does not outlive the session.
    pub fn for_session(
        client: &'a Client,
        session: &'a Session,
        family: &'a str,
        scope: &Scope,
        issuance: Issuance<'a>,
    ) -> Self {
        let uri = format!("{}{STATUS_LIST_PATH}{}", issuance.issuer, session.place.list);
        let grant = GrantClaims {
            sid: &session.id,
            auth_time: session.auth_time.as_secs(),
            amr: ["pwd"],
            family,
            status: Status { status_list: StatusList { idx: session.place.index, uri } },
        };
        let expires = issuance.issued.plus(issuance.lifetime).min(session.expires);
        Self {
            sub: &session.subject,
            exp: expires.as_secs(),
            grant: Some(grant),
            ..Self::for_client(client, scope, issuance)
        }
    }

    /// Seconds from `now` until it expires: `expires_in` of the token response.
    pub const fn expires_in(&self, now: UnixTime) -> u64 {
        self.exp.saturating_sub(now.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::GrantType;
    use probity_verifier::revocation::SessionIndex;
    use serde_json::json;

    fn client() -> Client {
        Client {
            id: "app".into(),
            name: "App".into(),
            secret: None,
            grant_types: vec![GrantType::ClientCredentials],
            redirect_uris: vec![],
            scope: Scope::default(),
            audience: "https://api.example".into(),
        }
    }

    const ISSUANCE: Issuance<'_> =
        Issuance { issuer: "https://as.example", issued: UnixTime::from_secs(1_000), lifetime: 300, token_id: "j" };

    #[test]
    fn a_clients_own_token_names_the_client_as_subject_and_no_session() {
        let client = client();
        let claims = AccessTokenClaims::for_client(&client, &Scope::parse("read").unwrap(), ISSUANCE);
        let expected = json!({
            "iss": "https://as.example", "sub": "app", "aud": "https://api.example", "client_id": "app",
            "iat": 1000, "exp": 1300, "jti": "j", "scope": "read",
        });
        assert_eq!(serde_json::to_value(&claims).unwrap(), expected);
    }

    #[test]
    fn a_sessions_token_names_its_place_in_the_status_lists_and_does_not_outlive_the_session() {
        let client = client();
        let session = Session {
            id: "s".into(),
            subject: "u".into(),
            auth_time: UnixTime::from_secs(900),
            expires: UnixTime::from_secs(1_100),
            place: SessionIndex { list: 1, index: 7 },
        };
        let claims = AccessTokenClaims::for_session(&client, &session, "f", &Scope::default(), ISSUANCE);
        let expected = json!({
            "iss": "https://as.example", "sub": "u", "aud": "https://api.example", "client_id": "app",
            "iat": 1000, "exp": 1100, "jti": "j", "sid": "s", "auth_time": 900, "amr": ["pwd"], "family": "f",
            "status": {"status_list": {"idx": 7, "uri": "https://as.example/status-lists/1"}},
        });
        assert_eq!(serde_json::to_value(&claims).unwrap(), expected);
        assert_eq!(claims.expires_in(UnixTime::from_secs(1_000)), 100);
    }
}
