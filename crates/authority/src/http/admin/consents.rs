//! `/admin/v1/consents`: what a user has agreed to, and its withdrawal.

use axum::Json;
use axum::extract::{RawQuery, State};
use probity_verifier::clock::unix_now;
use serde_json::{Value, json};

use super::Administrator;
use crate::domain::parameters::Parameters;
use crate::http::Shared;
use crate::http::error::OAuthError;

/// What a user has agreed to, by client.
pub(super) async fn list(
    State(state): Shared,
    _: Administrator,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, OAuthError> {
    let parameters = Parameters::parse(query.as_deref().unwrap_or_default())?;
    let subject = parameters.get("subject").ok_or(OAuthError::InvalidRequest("subject is missing"))?;
    let consents = state.store.consents_of(subject).await?.into_iter().map(|(client, consent)| {
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
pub(super) async fn withdraw(
    State(state): Shared,
    _: Administrator,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, OAuthError> {
    let parameters = Parameters::parse(query.as_deref().unwrap_or_default())?;
    let (Some(subject), Some(client)) = (parameters.get("subject"), parameters.get("client_id")) else {
        return Err(OAuthError::InvalidRequest("subject and client_id are needed"));
    };
    let revoked = state.withdraw_consent(subject, client, unix_now()).await?;
    Ok(Json(json!({ "revoked_grants": revoked })))
}
