//! `GET /jwks`: the public keys, RFC 7517 section 5.

use ::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::extract::State;
use axum::response::IntoResponse;

use super::Shared;

/// How long the set may be kept: shorter than a new key is published before it signs.
const CACHE: &str = "public, max-age=300";

pub(super) async fn get(State(state): Shared) -> impl IntoResponse {
    let document = state.keys.current().document.clone();
    ([(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, CACHE)], document)
}
