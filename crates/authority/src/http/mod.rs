//! The endpoints, a file each: they parse, ask the domain, apply what it decided, and answer.

mod admin;
mod authorization_request;
mod authorize;
mod browser;
mod client_authentication;
mod consent;
mod device;
mod device_authorization;
pub(crate) mod dpop;
mod error;
mod failure;
mod form;
mod id_token_hint;
mod introspect;
mod jwks;
mod log;
mod login;
mod logout;
mod metadata;
mod metrics;
mod own_token;
mod par;
mod protected;
mod register;
mod reply;
mod request_object;
mod revoke;
pub(crate) mod status_list;
mod stream;
mod token;
mod userinfo;

use std::sync::Arc;
use std::time::Duration;

use ::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use ::http::{Response, StatusCode};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State as AxumState};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tracing::warn;
use url::Url;

use crate::authority::State;
use crate::domain::parameters::MAX_PARAMETERS_BYTES;
use crate::pages::STYLE;

/// Where each endpoint is, below the issuer.
pub(crate) mod path {
    pub(crate) const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
    pub(crate) const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
    pub(crate) const JWKS: &str = "/jwks";
    pub(crate) const AUTHORIZE: &str = "/authorize";
    pub(crate) const LOGIN: &str = "/login";
    pub(crate) const CONSENT: &str = "/consent";
    pub(crate) const DEVICE_AUTHORIZATION: &str = "/device-authorization";
    pub(crate) const DEVICE: &str = "/device";
    pub(crate) const LOGOUT: &str = "/logout";
    pub(crate) const TOKEN: &str = "/token";
    pub(crate) const PAR: &str = "/par";
    pub(crate) const REGISTER: &str = "/register";
    pub(crate) const USERINFO: &str = "/userinfo";
    pub(crate) const REVOKE: &str = "/revoke";
    pub(crate) const INTROSPECT: &str = "/introspect";
    pub(crate) const REVOCATION_STREAM: &str = "/revocation-stream";
    pub(crate) const STATUS_LISTS: &str = "/status-lists";
    pub(crate) const ADMIN: &str = "/admin/v1";
    pub(crate) const OPENAPI: &str = "/admin/openapi.json";
    pub(crate) const METRICS: &str = "/metrics";
}

/// How long the store may take to show that it is there.
const READY_PATIENCE: Duration = Duration::from_secs(2);

type Shared = axum::extract::State<Arc<State>>;

/// Every endpoint, below the path of the issuer.
pub(crate) fn router(state: Arc<State>) -> Router {
    let base = Url::parse(&state.issuer).map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default();
    let metadata = metadata::router(&state, &base);
    let ready = Router::new().route("/readyz", get(ready)).with_state(Arc::clone(&state));
    let registration = if state.registration.is_some() { registration() } else { Router::new() };
    let endpoints = Router::new()
        .route(path::JWKS, get(jwks::get))
        .route(path::AUTHORIZE, get(authorize::get).post(authorize::post))
        .route(path::LOGIN, post(login::post))
        .route(path::CONSENT, post(consent::post))
        .route(path::DEVICE_AUTHORIZATION, post(device_authorization::post))
        .route(path::DEVICE, get(device::get).post(device::post))
        .route(path::LOGOUT, get(logout::get).post(logout::post))
        .route(path::TOKEN, post(token::post))
        .route(path::PAR, post(par::post))
        .route(path::USERINFO, get(userinfo::get).post(userinfo::post))
        .route(path::REVOKE, post(revoke::post))
        .route(path::INTROSPECT, post(introspect::post))
        .route_layer(from_fn_with_state(Arc::clone(&state), dpop::give_nonce))
        .route(path::REVOCATION_STREAM, get(stream::get))
        .route(path::STATUS_LISTS, get(status_list::aggregate))
        .route(&format!("{}/{{number}}", path::STATUS_LISTS), get(status_list::get))
        .merge(registration)
        .nest(path::ADMIN, admin::router(&state))
        .route(path::OPENAPI, get(admin::openapi::get))
        .route(path::METRICS, get(metrics::get))
        .route(browser::STYLE_PATH, get(style))
        .with_state(state);
    let endpoints = if base.is_empty() { endpoints } else { Router::new().nest(&base, endpoints) };
    endpoints
        .merge(metadata)
        .route("/healthz", get(async || "ok\n"))
        .merge(ready)
        .fallback(async || (StatusCode::NOT_FOUND, "there is nothing here\n"))
        .layer(DefaultBodyLimit::max(MAX_PARAMETERS_BYTES))
        .layer(map_response(with_security_headers))
        .layer(from_fn(log::request))
}

/// Where clients register themselves, if they may.
fn registration() -> Router<Arc<State>> {
    let one = get(register::get).put(register::put).delete(register::delete);
    Router::new().route(path::REGISTER, post(register::post)).route(&format!("{}/{{client_id}}", path::REGISTER), one)
}

/// Whether requests can be served: the store answers.
async fn ready(AxumState(state): Shared) -> (StatusCode, &'static str) {
    match tokio::time::timeout(READY_PATIENCE, state.store.ping()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n"),
        Ok(Err(error)) => {
            warn!(error = %error, "the store can't be reached");
            (StatusCode::SERVICE_UNAVAILABLE, "the store can't be reached\n")
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
    }
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=3600")], STYLE)
}

/// Headers that every answer has.
async fn with_security_headers(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    // Two years: RFC 6797 section 6.1.1. Browsers heed it on HTTPS only.
    headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not no-referrer: with it, browsers hide the origin of our own login form from us.
    headers.insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("same-origin"));
    // What may be kept says so itself.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
