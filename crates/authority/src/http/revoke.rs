//! `POST /revoke`: RFC 7009, true for JWT access tokens too.
//!
//! With `level=enforced` the answer comes when every guard enforces the revocation or refuses everything.

use ::http::Method;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;
use serde_json::json;

use super::dpop::ProofFor;
use super::error::OAuthError;
use super::form::Form;
use super::{Shared, path};
use crate::authority;
use crate::domain::client::Client;
use crate::domain::revocation::Order;
use crate::revoke::AnswerLevel;

/// The parts of a compact JWE (RFC 7516 section 3.1).
const ENCRYPTED_PARTS: usize = 5;

pub(super) async fn post(State(state): Shared, form: Form) -> Result<Response, OAuthError> {
    let proof =
        state.read_proof(&form.headers, ProofFor { method: &Method::POST, path: path::REVOKE, access_token: None })?;
    let client = state.authenticate(&form).await?;
    let key = state.use_proof(proof)?;
    let token = form.parameters.get("token").ok_or(OAuthError::InvalidRequest("token is missing"))?;
    let level = form.parameters.get("level").map_or(Some(AnswerLevel::default()), AnswerLevel::parse);
    let level = level.ok_or(OAuthError::InvalidRequest("level is durable or enforced"))?;
    let Some(order) = order(&state, &client, key.as_deref(), token, unix_now()).await? else {
        // RFC 7009 section 2.2: a token that is not known is as good as revoked.
        return Ok(Json(json!({})).into_response());
    };
    Ok(Json(state.revoke_at(&order, level, None).await?).into_response())
}

/// What revoking this token means; nothing when it is no token of ours. `token_type_hint` is not needed: the kinds differ.
async fn order(
    state: &authority::State,
    client: &Client,
    key: Option<&str>,
    token: &str,
    now: UnixTime,
) -> Result<Option<Order>, OAuthError> {
    const ANOTHERS: OAuthError = OAuthError::UnauthorizedClient("the token was issued to another client");
    // Whoever proves a key has that of the token. Without a proof anybody may revoke a public client's token who has it:
    // in the wrong hands it is better dead.
    let is_other_key = |bound: Option<&str>| key.is_some() && bound.is_some() && bound != key;
    if let Ok((family, _)) = state.keys.refresh().read(token) {
        let Some(family) = state.store.family(&family).await? else {
            return Ok(None);
        };
        if family.client_id != client.id || is_other_key(family.confirmation.key.as_deref()) {
            return Err(ANOTHERS);
        }
        return Ok(Some(Order::Family(family.id)));
    }
    if token.split('.').count() == ENCRYPTED_PARTS {
        // It would be untrue to say that it is dead: only its audience can see which token it is.
        return Err(OAuthError::UnsupportedTokenType);
    }
    let Some(own) = state.own_token(token, now) else {
        return Ok(None);
    };
    let bound = own.confirmation().unwrap_or_default();
    let token = own.token;
    if token.client() != Some(client.id.as_str()) || is_other_key(bound.key.as_deref()) {
        return Err(ANOTHERS);
    }
    Ok(token.id().map(|id| Order::Token { id: id.to_owned(), expires: Some(token.expires()) }))
}
