//! `/admin/v1/consents`: what a user has agreed to, and its withdrawal.

use axum::Json;
use axum::extract::State;
use probity_verifier::clock::unix_now;
use serde_json::{Value, json};

use super::{Caller, Query};
use crate::http::Shared;
use crate::http::error::OAuthError;

/// What a user has agreed to, by client.
pub(super) async fn list(State(state): Shared, query: Query) -> Result<Json<Value>, OAuthError> {
    let consents = state.store.consents_of(query.subject()?).await?.into_iter().map(|(client, consent)| {
        json!({
            "client_id": client,
            "scope": consent.scope.to_string(),
            "claims": consent.claims,
            "resources": consent.resources,
            "granted": consent.granted.as_secs(),
        })
    });
    Ok(Json(json!({ "consents": consents.collect::<Vec<_>>() })))
}

/// Withdraws it, and ends every grant that stands on it.
pub(super) async fn withdraw(State(state): Shared, caller: Caller, query: Query) -> Result<Json<Value>, OAuthError> {
    let (Some(subject), Some(client)) = (query.0.get("subject"), query.0.get("client_id")) else {
        return Err(OAuthError::InvalidRequest("subject and client_id are needed"));
    };
    let event = caller.does("consent.withdrawn", subject).with(client);
    let revoked = state.withdraw_consent(subject, client, event, unix_now()).await?;
    Ok(Json(json!({ "revoked_grants": revoked })))
}
