//! Forward authentication over HTTP: a proxy asks about each request before it passes it on.
//!
//! `ANY /verify` gets the original request's headers; its method and URI come as `X-Original-Method` and
//! `X-Original-URI` (nginx) or `X-Forwarded-Method` and `X-Forwarded-Uri` (Traefik, Caddy). The answer is 200 with the
//! identity headers, 401 or 403 with `WWW-Authenticate`, or 503 with `Retry-After`.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use probity_verifier::clock::boot_now;
use probity_verifier::{AccessToken, Trust};
use tracing::info;

use crate::{Refusal, Requirements, admit, bearer_token};

/// Where a proxy asks.
pub const VERIFY_PATH: &str = "/verify";

/// What a client that came at a bad moment should wait: a heartbeat and some.
const RETRY_AFTER_SECONDS: u16 = 1;

/// The longest part of an original URI or method that goes into a log line.
const MAX_LOGGED_BYTES: usize = 200;

/// A guard in front of one application.
#[derive(Debug)]
pub struct Guard {
    trust: Trust,
    requirements: Requirements,
}

impl Guard {
    /// A guard that trusts an issuer and requires some scopes.
    pub const fn new(trust: Trust, requirements: Requirements) -> Self {
        Self { trust, requirements }
    }

    /// Whether tokens can be accepted at this moment.
    pub fn is_ready(&self) -> bool {
        self.trust.is_ready()
    }

    /// Answers one HTTP request to the guard itself: [`VERIFY_PATH`], `/healthz` and `/readyz`.
    pub async fn respond<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        match request.uri().path() {
            VERIFY_PATH => self.forward_auth(request.headers()).await,
            "/healthz" => plain(StatusCode::OK, "ok\n"),
            "/readyz" if self.is_ready() => plain(StatusCode::OK, "ready\n"),
            "/readyz" => plain(StatusCode::SERVICE_UNAVAILABLE, "revocations or keys are not current\n"),
            _ => plain(StatusCode::NOT_FOUND, "a proxy asks at /verify\n"),
        }
    }

    async fn forward_auth(&self, headers: &HeaderMap) -> Response<Full<Bytes>> {
        let started = boot_now();
        let uri = original(headers, &["x-original-uri", "x-forwarded-uri"]);
        let method = original(headers, &["x-original-method", "x-forwarded-method"]);
        let verdict = self.decide(headers, uri).await;
        let micros = u64::try_from(boot_now().since(started).as_micros()).unwrap_or(u64::MAX);
        let path = logged(uri.split('?').next().unwrap_or_default());
        let method = logged(method);
        match verdict {
            Ok((token, identity)) => {
                info!(
                    verdict = "accepted",
                    method,
                    path,
                    client = token.client(),
                    jti = token.id(),
                    micros,
                    "a request was let through"
                );
                accepted(identity)
            }
            Err(refusal) => {
                info!(
                    verdict = refusal.code(),
                    status = refusal.status().as_u16(),
                    method,
                    path,
                    micros,
                    "a request was refused"
                );
                refused(&refusal)
            }
        }
    }

    async fn decide(&self, headers: &HeaderMap, uri: &str) -> Result<(AccessToken, HeaderMap), Refusal> {
        let token = self.trust.check(bearer_token(headers, uri)?).await?;
        let identity = admit(&token, &self.requirements)?;
        Ok((token, identity))
    }
}

/// The first of the headers that is there and is text; empty when none is.
fn original<'a>(headers: &'a HeaderMap, names: &[&str]) -> &'a str {
    names.iter().find_map(|name| headers.get(*name)?.to_str().ok()).unwrap_or_default()
}

fn logged(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_LOGGED_BYTES)).unwrap_or_default()
}

fn accepted(identity: HeaderMap) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.headers_mut() = identity;
    // The verdict holds for this moment only.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn refused(refusal: &Refusal) -> Response<Full<Bytes>> {
    let body = serde_json::json!({
        "error": refusal.error().unwrap_or("unauthorized"),
        "error_description": refusal.to_string(),
        "code": refusal.code(),
    });
    let mut response = Response::new(Full::from(format!("{body}\n")));
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(challenge) = refusal.challenge() {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if refusal.status() == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// How long a guard waits for requests in flight when it stops.
pub const DRAIN: Duration = Duration::from_secs(5);
