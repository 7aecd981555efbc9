//! One line per request: what was asked, what was answered, how long it took. Never a query, a body or a header.

use ::http::Method;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use probity_verifier::clock::boot_now;
use tracing::info;

/// The longest path that goes into a line, in bytes.
const MAX_PATH_BYTES: usize = 200;

/// What an endpoint adds to the request's line, by putting it among the response's extensions.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// The stable code of a refusal.
    pub(super) code: Option<&'static str>,
    /// Who asked.
    pub(super) client: Option<String>,
    /// What was issued.
    pub(super) token_id: Option<String>,
}

/// Writes the line.
pub(super) async fn request(request: Request, next: Next) -> Response<Body> {
    let start = boot_now();
    let method = known_method(request.method());
    let path = request.uri().path();
    let path = path.get(..path.floor_char_boundary(MAX_PATH_BYTES)).unwrap_or_default().to_owned();
    let mut response = next.run(request).await;
    let line = response.extensions_mut().remove::<Line>().unwrap_or_default();
    let micros = u64::try_from(boot_now().since(start).as_micros()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    info!(method, path, status, code = line.code, client = line.client, jti = line.token_id, micros, "request");
    response
}

/// A client chooses the method's text; what is not known is not repeated.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}
