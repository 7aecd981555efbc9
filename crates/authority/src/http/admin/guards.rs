//! `/admin/v1/guards`: who follows the revocations, and who may.

use ::http::StatusCode;
use axum::Json;
use axum::extract::State;
use probity_jose::base64url;
use probity_verifier::clock::unix_now;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Caller, JsonBody};
use crate::domain::secret::{PlainSecret, SecretKind};
use crate::entropy;
use crate::http::Shared;
use crate::http::error::OAuthError;
use crate::store::{Conflict, RegisteredGuard, Write, WriteError};

/// The longest name of a guard, in bytes.
const MAX_NAME_BYTES: usize = 100;

/// Who is connected or was lately: position, lag, lease.
pub(super) async fn list(State(state): Shared) -> Json<Value> {
    let guards = state.hub.guards().into_iter().map(|guard| {
        json!({
            "name": guard.name,
            "instance": base64url::encode(&guard.instance.0),
            "connected": guard.connected,
            "applied": guard.applied.map(|place| place.to_string()),
            "lag": guard.lag,
            "lease_ms": u64::try_from(guard.lease_left.as_millis()).unwrap_or(u64::MAX),
        })
    });
    Json(json!({
        "head": state.hub.head().to_string(),
        "guards": guards.collect::<Vec<_>>(),
        // Not null: an alarm. A guard has read up to here, and the store does not have it.
        "lost": state.hub.lost().map(|place| place.to_string()),
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGuard {
    name: String,
}

/// Registers a guard; its credential is shown this once.
pub(super) async fn add(
    State(state): Shared,
    caller: Caller,
    JsonBody(new): JsonBody<NewGuard>,
) -> Result<(StatusCode, Json<Value>), OAuthError> {
    let printable = |c: char| c.is_ascii_graphic() || c == ' ';
    if new.name.is_empty() || new.name.len() > MAX_NAME_BYTES || !new.name.chars().all(printable) {
        return Err(OAuthError::InvalidRequest("a name has 1 to 100 printable ASCII characters"));
    }
    let credential = PlainSecret::new(SecretKind::GuardCredential, entropy::bytes()?);
    let guard = RegisteredGuard { name: new.name, credential: credential.hash() };
    match state.store.apply(Write::from(guard.add(unix_now())).logging(caller.does("guard.added", &guard.name))).await {
        Ok(_) => {
            let body = json!({ "name": guard.name, "credential": credential.expose() });
            Ok((StatusCode::CREATED, Json(body)))
        }
        Err(WriteError::Conflict(Conflict::Taken)) => Err(OAuthError::Conflict("a guard has this name")),
        Err(error) => Err(error.into()),
    }
}
