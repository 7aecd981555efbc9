//! The claims of an access token: RFC 9068 section 2.2 and ours.

use probity_jose::UnixTime;
use probity_verifier::STATUS_LIST_PATH;
use serde::Serialize;
use serde_json::{Map, Value};

use super::authentication::{Authentication, Method};
use super::confirmation::Confirmation;
use super::scope::Scope;
use super::session::Session;

/// `typ` of an access token: RFC 9068 section 2.1.
pub const TYPE: &str = "at+jwt";

/// Bytes of randomness in a `jti`.
pub const TOKEN_ID_BYTES: usize = 16;

/// What is signed. Nothing in it is personal unless a mapping of the operator puts it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessTokenClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: Audience<'a>,
    client_id: &'a str,
    iat: u64,
    exp: u64,
    jti: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    login: Option<LoginClaims<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    session: Option<SessionClaims<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<&'a Confirmation>,
    /// What the operator has mapped: its names are none of the above.
    #[serde(flatten)]
    mapped: Map<String, Value>,
}

/// One audience as a text, several as an array (RFC 7519 section 4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Audience<'a> {
    One(&'a str),
    Several(&'a [String]),
}

/// How a user has logged in: RFC 9068 section 2.2.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct LoginClaims<'a> {
    auth_time: u64,
    acr: &'static str,
    amr: &'a [Method],
}

/// In which session, and where a status list says whether it has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct SessionClaims<'a> {
    sid: &'a str,
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
    /// A token about a subject, for a client: the client itself when it acts for itself (RFC 9068 section 2.2).
    pub fn new(
        subject: &'a str,
        client_id: &'a str,
        audience: &'a [String],
        scope: &Scope,
        issuance: Issuance<'a>,
    ) -> Self {
        Self {
            iss: issuance.issuer,
            sub: subject,
            aud: match audience {
                [only] => Audience::One(only),
                several => Audience::Several(several),
            },
            client_id,
            iat: issuance.issued.as_secs(),
            exp: issuance.issued.plus(issuance.lifetime).as_secs(),
            jti: issuance.token_id,
            scope: scope.to_string(),
            login: None,
            family: None,
            session: None,
            act: None,
            cnf: None,
            mapped: Map::new(),
        }
    }

    /// The same token under a grant.
    #[must_use]
    pub fn of_family(self, family: &'a str) -> Self {
        Self { family: Some(family), ..self }
    }

    /// The same token of a user who has logged in.
    #[must_use]
    pub fn after_login(self, authentication: &'a Authentication) -> Self {
        let login = LoginClaims {
            auth_time: authentication.time.as_secs(),
            acr: authentication.class(),
            amr: &authentication.methods,
        };
        Self { login: Some(login), ..self }
    }

    /// The same token in a session. It does not outlive the session.
    #[must_use]
    pub fn in_session(self, session: &'a Session) -> Self {
        let uri = format!("{}{STATUS_LIST_PATH}{}", self.iss, session.place.list);
        let status = Status { status_list: StatusList { idx: session.place.index, uri } };
        let exp = self.exp.min(session.expires.as_secs());
        Self { exp, session: Some(SessionClaims { sid: &session.id, status }), ..self }
    }

    /// The same token with who acts for the subject (RFC 8693 section 4.1).
    #[must_use]
    pub fn acted_by(self, actor: &'a Value) -> Self {
        Self { act: Some(actor), ..self }
    }

    /// The same token, which expires then at the latest.
    #[must_use]
    pub fn at_most_until(self, expires: UnixTime) -> Self {
        Self { exp: self.exp.min(expires.as_secs()), ..self }
    }

    /// The same token for whoever holds a key or certificate.
    #[must_use]
    pub fn bound_to(self, confirmation: &'a Confirmation) -> Self {
        Self { cnf: Some(confirmation), ..self }
    }

    /// The same token with claims about the user.
    #[must_use]
    pub fn with_mapped(self, mapped: Map<String, Value>) -> Self {
        Self { mapped, ..self }
    }

    /// Seconds from `now` until it expires: `expires_in` of the token response.
    pub const fn expires_in(&self, now: UnixTime) -> u64 {
        self.exp.saturating_sub(now.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_verifier::revocation::SessionIndex;
    use serde_json::json;

    const ISSUANCE: Issuance<'_> =
        Issuance { issuer: "https://as.example", issued: UnixTime::from_secs(1_000), lifetime: 300, token_id: "j" };

    #[test]
    fn a_clients_own_token_names_the_client_as_subject_and_no_session() {
        let audience = ["https://api.example".to_owned()];
        let claims = AccessTokenClaims::new("app", "app", &audience, &Scope::parse("read").unwrap(), ISSUANCE);
        let expected = json!({
            "iss": "https://as.example", "sub": "app", "aud": "https://api.example", "client_id": "app",
            "iat": 1000, "exp": 1300, "jti": "j", "scope": "read",
        });
        assert_eq!(serde_json::to_value(&claims).unwrap(), expected);
    }

    #[test]
    fn a_sessions_token_names_its_place_in_the_status_lists_and_does_not_outlive_the_session() {
        let session = Session {
            id: "s".into(),
            subject: "u".into(),
            authentication: Authentication::by_password(UnixTime::from_secs(900)),
            expires: UnixTime::from_secs(1_100),
            latest_end: UnixTime::from_secs(1_100),
            place: SessionIndex { list: 1, index: 7 },
        };
        let audience = ["https://a.example".to_owned(), "https://b.example".to_owned()];
        let claims = AccessTokenClaims::new("u", "app", &audience, &Scope::default(), ISSUANCE)
            .of_family("f")
            .after_login(&session.authentication)
            .in_session(&session);
        let expected = json!({
            "iss": "https://as.example", "sub": "u", "aud": ["https://a.example", "https://b.example"],
            "client_id": "app", "iat": 1000, "exp": 1100, "jti": "j", "sid": "s", "auth_time": 900,
            "acr": "urn:probity:acr:password", "amr": ["pwd"], "family": "f",
            "status": {"status_list": {"idx": 7, "uri": "https://as.example/status-lists/1"}},
        });
        assert_eq!(serde_json::to_value(&claims).unwrap(), expected);
        assert_eq!(claims.expires_in(UnixTime::from_secs(1_000)), 100);
    }
}
