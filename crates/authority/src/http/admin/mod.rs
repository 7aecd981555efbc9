//! `/admin/v1`: administration over JSON, for tokens with the scope `probity:admin` and the audience `ISSUER/admin`.

mod consents;
mod guards;
mod revocations;
mod sessions;
mod users;

use std::sync::Arc;

use ::http::StatusCode;
use ::http::request::Parts;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::routing::{get, patch, post};
use serde::de::DeserializeOwned;

use super::error::OAuthError;
use super::protected::{PresentedToken, Protected};
use crate::authority::State;
use crate::domain::scope;

pub(super) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/revocations", post(revocations::post))
        .route("/guards", get(guards::list).post(guards::add))
        .route("/consents", get(consents::list).delete(consents::withdraw))
        .route("/users", get(users::list).post(users::add))
        .route("/users/{subject}", patch(users::change).delete(users::delete))
        .route("/sessions", get(sessions::list))
}

/// Shows that the caller may administer: a handler that takes it can't be reached otherwise.
pub(super) struct Administrator;

impl FromRequestParts<Arc<State>> for Administrator {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, OAuthError> {
        let request = Protected::from_request_parts(parts, state).await?;
        let token = request.token().ok_or(OAuthError::NoToken)?;
        // No path is the address of all of this, so proofs fit none of it: administrators' tokens are bearer tokens, or bound
        // to a certificate.
        let PresentedToken::Bearer(_) = token else {
            return Err(OAuthError::InvalidToken("DPoP is not for this"));
        };
        let token = request.check(state, super::path::ADMIN, token)?.token;
        let audience = format!("{}/admin", state.issuer);
        if !token.audience().contains(&audience) {
            return Err(OAuthError::InvalidToken("the token is for another audience"));
        }
        if !token.has_scope(scope::ADMIN) {
            return Err(OAuthError::InsufficientScope(scope::ADMIN));
        }
        Ok(Self)
    }
}

/// A JSON body.
pub(super) struct JsonBody<T>(pub(super) T);

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
