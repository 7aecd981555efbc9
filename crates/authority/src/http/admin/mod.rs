//! `/admin/v1`: administration over JSON, for tokens with the scope `probity:admin` and the audience `ISSUER/admin`.

mod audit_log;
pub(super) mod clients;
mod consents;
mod guards;
mod registration_tokens;
mod revocations;
mod sessions;
mod users;
mod why;

use std::sync::Arc;

use ::http::StatusCode;
use ::http::request::Parts;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::routing::{get, patch, post};
use probity_verifier::AccessToken;
use serde::de::DeserializeOwned;

use super::error::OAuthError;
use super::protected::{PresentedToken, Protected};
use crate::authority::State;
use crate::domain::audit_log::Event;
use crate::domain::parameters::Parameters;
use crate::domain::scope;

pub(super) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/revocations", post(revocations::post))
        .route("/guards", get(guards::list).post(guards::add))
        .route("/consents", get(consents::list).delete(consents::withdraw))
        .route("/clients", get(clients::list).post(clients::add))
        .route(
            "/clients/{client_id}",
            get(clients::show).put(clients::replace).patch(clients::change).delete(clients::delete),
        )
        .route("/clients/{client_id}/secret", post(clients::renew_secret))
        .route("/audit-log", get(audit_log::list))
        .route("/registration-tokens", post(registration_tokens::add))
        .route("/users", get(users::list).post(users::add))
        .route("/users/{subject}", patch(users::change).delete(users::delete))
        .route("/sessions", get(sessions::list))
        .route("/why", post(why::post))
}

/// Shows that the caller may administer: a handler that takes it can't be reached otherwise.
pub(super) struct Administrator {
    /// The client whose token it is.
    pub(super) client: String,
}

impl Administrator {
    /// What the caller does to something, for the audit log.
    pub(super) fn does(&self, action: &'static str, target: &str) -> Event {
        Event::new(format!("admin:{}", self.client), action, target)
    }
}

/// Shows that the caller may see how this authority fares.
pub(in crate::http) struct Observer;

impl FromRequestParts<Arc<State>> for Administrator {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, OAuthError> {
        let token = own_token(parts, state).await?;
        if !token.has_scope(scope::ADMIN) {
            return Err(OAuthError::InsufficientScope(scope::ADMIN));
        }
        Ok(Self { client: token.client().unwrap_or_default().to_owned() })
    }
}

impl FromRequestParts<Arc<State>> for Observer {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, OAuthError> {
        let token = own_token(parts, state).await?;
        let may = token.has_scope(scope::METRICS) || token.has_scope(scope::ADMIN);
        if may { Ok(Self) } else { Err(OAuthError::InsufficientScope(scope::METRICS)) }
    }
}

/// A live token for this very authority.
async fn own_token(parts: &mut Parts, state: &Arc<State>) -> Result<AccessToken, OAuthError> {
    let request = Protected::from_request_parts(parts, state).await?;
    let token = request.token().ok_or(OAuthError::NoToken)?;
    // No path is the address of all of this, so proofs fit none of it: administrators' tokens are bearer tokens, or bound to a
    // certificate.
    let PresentedToken::Bearer(_) = token else {
        return Err(OAuthError::InvalidToken("DPoP is not for this"));
    };
    let token = request.check(state, super::path::ADMIN, token)?.token;
    let audience = format!("{}/admin", state.issuer);
    if token.is_for(&audience) { Ok(token) } else { Err(OAuthError::InvalidToken("the token is for another audience")) }
}

/// The parameters of the query.
pub(super) struct Query(pub(super) Parameters);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, OAuthError> {
        Ok(Self(Parameters::parse(parts.uri.query().unwrap_or_default())?))
    }
}

impl Query {
    /// The subject that it must name.
    pub(super) fn subject(&self) -> Result<&str, OAuthError> {
        self.0.get("subject").ok_or(OAuthError::InvalidRequest("subject is missing"))
    }
}

/// A JSON body.
pub(super) struct JsonBody<T>(pub(in crate::http) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OAuthError> {
        let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => OAuthError::TooLarge,
            _ => OAuthError::InvalidRequest("the body could not be read"),
        })?;
        let body = serde_json::from_slice(&body);
        body.map(Self).map_err(|_| OAuthError::InvalidRequest("the body is not the JSON object that this takes"))
    }
}
