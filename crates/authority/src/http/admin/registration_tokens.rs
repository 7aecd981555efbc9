//! `POST /admin/v1/registration-tokens`: initial access tokens, by which clients register themselves (RFC 7591 section 3).

use ::http::StatusCode;
use axum::Json;
use axum::extract::State;
use probity_verifier::clock::unix_now;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Caller, JsonBody};
use crate::domain::client::registration::{MAX_TOKEN_SECONDS, MAX_TOKEN_USES};
use crate::domain::secret::{PlainSecret, SecretKind};
use crate::entropy;
use crate::http::Shared;
use crate::http::error::OAuthError;
use crate::store::{Write, add_registration_token};

/// How much of a token's hash names it in the audit log.
const NAME_CHARS: usize = 12;

/// Both have a default: one client, within the hour.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Order {
    uses: u32,
    expires_in: u64,
}

impl Default for Order {
    fn default() -> Self {
        Self { uses: 1, expires_in: 3_600 }
    }
}

/// Makes a token; it is shown this once.
pub(super) async fn add(
    State(state): Shared,
    caller: Caller,
    JsonBody(order): JsonBody<Order>,
) -> Result<(StatusCode, Json<Value>), OAuthError> {
    if state.registration.is_none() {
        return Err(OAuthError::Conflict("clients can't register themselves here: there is no section registration"));
    }
    if order.uses == 0 || order.uses > MAX_TOKEN_USES {
        return Err(OAuthError::InvalidRequest("uses is 1 to 1000"));
    }
    if order.expires_in == 0 || order.expires_in > MAX_TOKEN_SECONDS {
        return Err(OAuthError::InvalidRequest("expires_in is 1 to 2592000 seconds"));
    }
    let token = PlainSecret::new(SecretKind::InitialAccess, entropy::bytes()?);
    let expires = unix_now().plus(order.expires_in);
    // By the beginning of its hash, which is in the store too, and of no use to anybody.
    let name = token.hash().to_text();
    let name = name.get(..NAME_CHARS).unwrap_or_default();
    let event = caller.does("registration_token.added", name).with(&format!("uses {}", order.uses));
    state.store.apply(Write::from(add_registration_token(token.hash(), order.uses, expires)).logging(event)).await?;
    let body = json!({ "token": token.expose(), "uses": order.uses, "expires": expires.as_secs() });
    Ok((StatusCode::CREATED, Json(body)))
}
