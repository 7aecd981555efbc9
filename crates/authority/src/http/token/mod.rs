//! `POST /token`: RFC 6749 section 3.2, a file per grant.

mod authorization_code;
mod client_credentials;
mod device_code;
mod grant;
mod refresh_token;
mod token_exchange;

use ::http::Method;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::dpop::ProofFor;
use super::error::OAuthError;
use super::form::Form;
use super::log::Line;
use super::{Shared, path};
use crate::domain::client::{Client, GrantType};
use crate::domain::confirmation::Confirmation;
use crate::domain::parameters::Parameters;
use crate::domain::scope::Scope;
use crate::domain::secret::PlainSecret;
use crate::issue::Issued;

pub(super) async fn post(State(state): Shared, form: Form) -> Result<Response, OAuthError> {
    let proof =
        state.read_proof(&form.headers, ProofFor { method: &Method::POST, path: path::TOKEN, access_token: None })?;
    // RFC 6749 section 3.2.1: who asks is checked before what is asked.
    let client = state.authenticate(&form).await?;
    let grant = form.parameters.get("grant_type").ok_or(OAuthError::InvalidRequest("grant_type is missing"))?;
    let grant = GrantType::parse(grant).ok_or(OAuthError::UnsupportedGrantType)?;
    if !client.may_use(grant) {
        return Err(OAuthError::UnauthorizedClient("the client may not use this grant type"));
    }
    let confirmation = confirmation(&client, &form, state.use_proof(proof)?)?;
    let request = TokenRequest { client: &client, parameters: &form.parameters, confirmation };
    let answer = match grant {
        GrantType::AuthorizationCode => authorization_code::exchange(&state, &request).await,
        GrantType::ClientCredentials => client_credentials::exchange(&state, &request).await,
        GrantType::RefreshToken => refresh_token::exchange(&state, &request).await,
        GrantType::DeviceCode => device_code::exchange(&state, &request).await,
        GrantType::TokenExchange => token_exchange::answer(&state, &request).await,
    }?;
    Ok(answer.into_response(&request))
}

/// A request of a client that was authenticated.
struct TokenRequest<'a> {
    client: &'a Client,
    parameters: &'a Parameters,
    /// What the client has proven to have, to which its tokens are to be bound.
    confirmation: Confirmation,
}

/// What the tokens are to be bound to.
fn confirmation(client: &Client, form: &Form, key: Option<String>) -> Result<Confirmation, OAuthError> {
    if client.metadata.dpop_bound_access_tokens && key.is_none() {
        // RFC 9449 section 5.2.
        return Err(OAuthError::InvalidDpopProof("the client has to prove that it has its key"));
    }
    let certificate = if client.metadata.tls_client_certificate_bound_access_tokens {
        // RFC 8705 section 3.4: all of this client's tokens are bound, so it needs a certificate each time.
        let certificate = form.certificate.as_ref();
        Some(certificate.ok_or(OAuthError::InvalidRequest("the client has to present its certificate"))?.thumbprint())
    } else {
        None
    };
    Ok(Confirmation { key, certificate })
}

impl TokenRequest<'_> {
    /// Looks again, after the moment of a token that no write allows, whether the client may do anything: it may have been
    /// disabled since it was authenticated, and its tokens revoked.
    async fn client_must_stand(&self, state: &crate::authority::State) -> Result<(), OAuthError> {
        state.client(&self.client.id).await?.map(|_| ()).ok_or(OAuthError::InvalidClient)
    }

    /// What the refresh tokens of a new grant are bound to: a confidential client's are bound to the client.
    fn refresh_confirmation(&self) -> Confirmation {
        if self.client.is_public() { self.confirmation.clone() } else { Confirmation::default() }
    }
}

/// What a grant comes to.
struct TokenAnswer {
    access: Issued,
    refresh: Option<PlainSecret>,
    id_token: Option<String>,
    scope: Scope,
    /// What kind of token an exchange has given (RFC 8693 section 2.2.1).
    issued_type: Option<&'static str>,
}

/// RFC 6749 section 5.1, OpenID Connect Core 1.0 section 3.1.3.3.
#[derive(Serialize)]
struct Body<'a> {
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
}

impl TokenAnswer {
    fn into_response(self, request: &TokenRequest<'_>) -> Response {
        let body = Body {
            access_token: &self.access.token,
            issued_token_type: self.issued_type,
            // RFC 9449 section 5, RFC 8705 section 3: only a key has a scheme of its own.
            token_type: if request.confirmation.key.is_some() { "DPoP" } else { "Bearer" },
            expires_in: self.access.expires_in,
            refresh_token: self.refresh.as_ref().map(PlainSecret::expose),
            id_token: self.id_token.as_deref(),
            scope: self.scope.to_string(),
        };
        let mut response = Json(body).into_response();
        let line =
            Line { client: Some(request.client.id.clone()), token_id: Some(self.access.token_id), ..Line::default() };
        response.extensions_mut().insert(line);
        response
    }
}
