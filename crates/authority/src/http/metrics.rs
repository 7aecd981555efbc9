//! `GET /metrics`: counters and gauges for Prometheus, for tokens with the scope `probity:metrics` or one of the
//! administration's.
//!
//! Not for everybody: it names the guards, and how they fare is what an attacker would like to know.

use ::http::header::CONTENT_TYPE;
use axum::extract::State;
use axum::response::IntoResponse;

use super::Shared;
use super::admin::Observer;

/// The text format of Prometheus.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn get(State(state): Shared, _: Observer) -> impl IntoResponse {
    ([(CONTENT_TYPE, MEDIA_TYPE)], state.metrics.render(&state.hub))
}
