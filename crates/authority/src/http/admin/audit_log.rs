//! `GET /admin/v1/audit-log`: what was done, in a chain of hashes. Whoever reads it verifies it themselves: an authority that
//! was tampered with would say that all is well.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Query;
use crate::domain::audit_log::Entry;
use crate::http::Shared;
use crate::http::error::OAuthError;

/// How many entries one answer lists.
const PAGE: u32 = 200;

/// Entries in their order after a number, and where the log ends by what the store has noted.
pub(super) async fn list(State(state): Shared, Query(parameters): Query) -> Result<Json<Value>, OAuthError> {
    let after = parameters.get("after").map_or(Ok(0), str::parse::<u64>);
    let after = after.map_err(|_| OAuthError::InvalidRequest("after is the number of an entry"))?;
    // Before the entries: what is written in between is then behind the head, not missing before it.
    let head = state.store.audit_head().await?;
    let entries = state.store.audit_entries_after(after, PAGE).await?;
    Ok(Json(json!({ "entries": entries.iter().map(shown).collect::<Vec<_>>(), "head": head.to_string() })))
}

fn shown(entry: &Entry) -> Value {
    json!({
        "number": entry.number,
        "time": entry.time.as_secs(),
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "details": entry.details,
        "hash": entry.hash.to_string(),
    })
}
