//! The client side of a login at the authority: OpenID Connect Core 1.0 section 3.1, RFC 9126, Back-Channel Logout 1.0.
//!
//! This speaks the protocol and verifies what comes back. What a session is, and which browser it belongs to, is for the caller.

use core::fmt;

use http::StatusCode;
use probity_jose::{SignatureAlgorithm, UnixTime, jwt};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::Metadata;
use crate::clock::boot_now;
use crate::fetch::{self, MAX_DOCUMENT_BYTES};
use crate::trust::Trust;
use crate::verify::Rejection;

/// A client of the authority through which users log in.
pub struct RelyingParty {
    id: String,
    /// Encoded for `client_secret_basic`; nothing of a public client.
    secret: Option<String>,
    algorithms: Vec<SignatureAlgorithm>,
}

/// What the token endpoint gives.
#[derive(Clone, Deserialize)]
pub struct TokenAnswer {
    /// `access_token`.
    pub access_token: String,
    /// `token_type`.
    token_type: String,
    /// `refresh_token`.
    pub refresh_token: Option<String>,
    /// `id_token`.
    pub id_token: Option<String>,
}

/// Who has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// `sub`.
    pub subject: String,
    /// `sid`.
    pub session_id: Option<String>,
}

/// Who has logged out somewhere else: at least one of the two is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedOut {
    /// `sub`: all sessions of this user, when there is no `sid`.
    pub subject: Option<String>,
    /// `sid`.
    pub session_id: Option<String>,
}

/// Why the authority gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// Its metadata are not there yet, or it does not let anybody log in.
    #[error("the authority can't be asked")]
    Unavailable,
    /// It could not be reached, or could not answer for now.
    #[error("the authority did not answer: {0}")]
    Unreachable(String),
    /// It said no, by this error code of RFC 6749 section 5.2.
    #[error("the authority refused: {0}")]
    Refused(String),
    /// It answered something that is none of its answers.
    #[error("the authority's answer was not understood")]
    Malformed,
}

#[derive(Deserialize)]
struct Pushed {
    request_uri: String,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

#[derive(Deserialize)]
struct IdClaims {
    sid: Option<String>,
    at_hash: Option<String>,
}

#[derive(Deserialize)]
struct LogoutClaims {
    sid: Option<String>,
}

impl RelyingParty {
    /// A client, confidential when it has a secret.
    pub fn new(id: impl Into<String>, secret: Option<&str>, algorithms: Vec<SignatureAlgorithm>) -> Self {
        Self { id: id.into(), secret: secret.map(form_encoded), algorithms }
    }

    /// `client_id`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the authority says of itself, once that is known.
    pub fn metadata(trust: &Trust) -> Option<&Metadata> {
        trust.home().source.metadata.get()
    }

    /// Sends an authorization request ahead of the browser: RFC 9126 section 2. The answer is the `request_uri`.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn push(
        &self,
        trust: &Trust,
        endpoint: &Url,
        parameters: &[(&str, &str)],
    ) -> Result<String, ClientError> {
        let answer: Pushed = self.post(trust, endpoint, parameters).await?;
        Ok(answer.request_uri)
    }

    /// Redeems an authorization code: RFC 6749 section 4.1.3, RFC 7636 section 4.5.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn redeem(
        &self,
        trust: &Trust,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<TokenAnswer, ClientError> {
        let parameters = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        self.tokens(trust, &parameters).await
    }

    /// Redeems a refresh token: RFC 6749 section 6.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn refresh(&self, trust: &Trust, refresh_token: &str) -> Result<TokenAnswer, ClientError> {
        self.tokens(trust, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// Verifies the ID token of a login (OpenID Connect Core 1.0 section 3.1.3.7), and that it came with this access token if it
    /// says with which.
    ///
    /// # Errors
    /// [`Rejection`]
    pub async fn verify_login(
        &self,
        trust: &Trust,
        id_token: &str,
        access_token: &str,
        nonce: &str,
        now: UnixTime,
    ) -> Result<LoggedIn, Rejection> {
        let verifier =
            jwt::IdTokenVerifier::new(trust.home().verifier.issuer(), &*self.id, self.algorithms.iter().copied());
        let token = with_keys(trust, |keys| verifier.verify::<IdClaims>(id_token, keys, now, Some(nonce))).await?;
        if let Some(hash) = &token.claims().at_hash
            && jwt::half_hash(token.header().algorithm(), access_token).as_ref() != Some(hash)
        {
            return Err(probity_jose::Error::ClaimsMismatch.into());
        }
        let subject = token.registered().sub.clone().unwrap_or_default();
        Ok(LoggedIn { subject, session_id: token.into_claims().sid })
    }

    /// Verifies a logout token: Back-Channel Logout 1.0 section 2.6.
    ///
    /// # Errors
    /// [`Rejection`]
    pub async fn verify_logout(&self, trust: &Trust, token: &str, now: UnixTime) -> Result<LoggedOut, Rejection> {
        let verifier = jwt::Verifier::logout_token()
            .issuer(trust.home().verifier.issuer())
            .audience(&*self.id)
            .algorithms(self.algorithms.iter().copied());
        let said = with_keys(trust, |keys| verifier.verify::<LogoutClaims>(token, keys, now)).await?;
        let subject = said.registered().sub.clone();
        Ok(LoggedOut { subject, session_id: said.into_claims().sid })
    }

    async fn tokens(&self, trust: &Trust, parameters: &[(&str, &str)]) -> Result<TokenAnswer, ClientError> {
        let endpoint = Self::metadata(trust).and_then(|metadata| metadata.token_endpoint.as_ref());
        let answer: TokenAnswer = self.post(trust, endpoint.ok_or(ClientError::Unavailable)?, parameters).await?;
        // RFC 6749 section 7.1: a token of an unknown type must not be used.
        if answer.token_type.eq_ignore_ascii_case("Bearer") { Ok(answer) } else { Err(ClientError::Malformed) }
    }

    async fn post<A: for<'de> Deserialize<'de>>(
        &self,
        trust: &Trust,
        endpoint: &Url,
        parameters: &[(&str, &str)],
    ) -> Result<A, ClientError> {
        let mut form = parameters.to_vec();
        let mut request = trust.home().source.client.post(endpoint.clone());
        match &self.secret {
            Some(secret) => request = request.basic_auth(form_encoded(&self.id), Some(secret)),
            None => form.push(("client_id", &self.id)),
        }
        let unreachable = |error: reqwest::Error| ClientError::Unreachable(error.without_url().to_string());
        let response = request.form(&form).send().await.map_err(unreachable)?;
        let status = response.status();
        let body = fetch::body(MAX_DOCUMENT_BYTES, response).await;
        let body = body.map_err(|error| ClientError::Unreachable(error.to_string()))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| ClientError::Malformed);
        }
        // RFC 6749 section 5.2: a refusal is 400 or 401. Anything else says nothing about what was sent.
        match serde_json::from_slice::<Refused>(&body) {
            Ok(Refused { error }) if [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED].contains(&status) => {
                Err(ClientError::Refused(error))
            }
            _ => Err(ClientError::Unreachable(format!("the answer was {status}"))),
        }
    }
}

/// Without the secret.
impl fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelyingParty").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Without the tokens.
impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer").field("refresh_token", &self.refresh_token.is_some()).finish_non_exhaustive()
    }
}

/// Verifies with the authority's keys, and with newer ones when it has signed with a key that is not among them.
async fn with_keys<T>(
    trust: &Trust,
    verify: impl Fn(&probity_jose::JwkSet) -> Result<T, probity_jose::Error>,
) -> Result<T, Rejection> {
    let source = &trust.home().source;
    let seen = boot_now();
    let attempt = || {
        let keys = source.cache.current(boot_now()).ok_or(Rejection::NoKeys)?;
        verify(&keys).map_err(Rejection::from)
    };
    match attempt() {
        Err(rejection) if rejection.is_unknown_key() && source.refresh(seen, false).await => attempt(),
        outcome => outcome,
    }
}

/// RFC 6749 section 2.3.1: both parts of `client_secret_basic` are encoded like a form's.
fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
