//! `GET /admin/v1/sessions?subject=SUB`: the live sessions of a subject.

use axum::Json;
use axum::extract::{RawQuery, State};
use probity_verifier::clock::unix_now;
use serde_json::{Value, json};

use super::Administrator;
use crate::domain::parameters::Parameters;
use crate::http::Shared;
use crate::http::error::OAuthError;

pub(super) async fn list(
    State(state): Shared,
    _: Administrator,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, OAuthError> {
    let parameters = Parameters::parse(query.as_deref().unwrap_or_default())?;
    let subject = parameters.get("subject").ok_or(OAuthError::InvalidRequest("subject is missing"))?;
    let sessions = state.store.sessions_of(subject, unix_now()).await?.into_iter().map(|session| {
        json!({
            "sid": session.id,
            "auth_time": session.authentication.time.as_secs(),
            "expires": session.expires.as_secs(),
        })
    });
    Ok(Json(json!({ "sessions": sessions.collect::<Vec<_>>() })))
}
