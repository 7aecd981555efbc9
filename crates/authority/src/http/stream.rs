//! `GET /revocation-stream`: a guard follows the revocations (docs/revocation-protocol.md).

use ::http::header::{CONNECTION, UPGRADE};
use ::http::{HeaderValue, Response, StatusCode};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use hyper_util::rt::TokioIo;
use probity_verifier::revocation::UPGRADE_PROTOCOL;
use tracing::warn;

use super::Shared;
use super::error::OAuthError;
use super::protected::bearer;
use crate::domain::secret::{PlainSecret, SecretKind};

pub(super) async fn get(State(state): Shared, request: Request) -> Response<Body> {
    let credential = bearer(request.headers());
    let hash = credential.and_then(|text| PlainSecret::hash_of(SecretKind::GuardCredential, text).ok());
    let guard = match hash {
        Some(hash) => state.store.guard_of(&hash).await,
        None => Ok(None),
    };
    let guard = match guard {
        Ok(guard) => guard,
        Err(error) => return OAuthError::from(error).into_response(),
    };
    let Some(guard) = guard else {
        return OAuthError::InvalidToken("no guard has this credential").into_response();
    };
    if request.headers().get(UPGRADE).is_none_or(|value| value != UPGRADE_PROTOCOL) {
        let upgrade = [(UPGRADE, HeaderValue::from_static(UPGRADE_PROTOCOL))];
        return (StatusCode::UPGRADE_REQUIRED, upgrade, "the revocation stream needs an upgrade\n").into_response();
    }
    let (hub, keys) = (state.hub.clone(), state.keys.current());
    if let Err(error) = keys.signer(None) {
        return OAuthError::from(error).into_response();
    }
    tokio::spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(upgraded) => {
                if let Ok(key) = keys.signer(None) {
                    hub.serve(&guard, key, TokioIo::new(upgraded)).await;
                }
            }
            Err(error) => warn!(guard, error = %error, "a guard's connection could not be upgraded"),
        }
    });
    let headers =
        [(CONNECTION, HeaderValue::from_static("upgrade")), (UPGRADE, HeaderValue::from_static(UPGRADE_PROTOCOL))];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}
