//! `GET /admin/v1/sessions?subject=SUB`: the live sessions of a subject.

use axum::Json;
use axum::extract::State;
use probity_verifier::clock::unix_now;
use serde_json::{Value, json};

use super::Query;
use crate::http::Shared;
use crate::http::error::OAuthError;

pub(super) async fn list(State(state): Shared, query: Query) -> Result<Json<Value>, OAuthError> {
    let sessions = state.store.sessions_of(query.subject()?, unix_now()).await?.into_iter().map(|session| {
        json!({
            "sid": session.id,
            "auth_time": session.authentication.time.as_secs(),
            "expires": session.expires.as_secs(),
            "latest_end": session.latest_end.as_secs(),
        })
    });
    Ok(Json(json!({ "sessions": sessions.collect::<Vec<_>>() })))
}
