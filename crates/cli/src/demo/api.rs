//! The protected application of the demo: it asks the guard about each request, exactly as nginx would.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode};
use http_body_util::Full;

/// Asks the guard, and greets the caller when the guard lets the request pass.
pub(super) async fn respond<B>(client: &reqwest::Client, guard: &str, request: Request<B>) -> Response<Full<Bytes>> {
    if request.uri().path() != "/hello" {
        return text(StatusCode::NOT_FOUND, "there is /hello\n".to_owned());
    }
    let mut question = HeaderMap::new();
    for value in request.headers().get_all(AUTHORIZATION) {
        question.append(AUTHORIZATION, value.clone());
    }
    question.insert("x-original-method", HeaderValue::from_static("GET"));
    question.insert("x-original-uri", HeaderValue::from_static("/hello"));
    let verdict = match client.get(guard).headers(question).send().await {
        Ok(verdict) => verdict,
        Err(_) => return text(StatusCode::SERVICE_UNAVAILABLE, "the guard does not answer\n".to_owned()),
    };
    let status = verdict.status();
    let headers = verdict.headers().clone();
    if status == StatusCode::OK {
        let subject = headers.get("x-auth-subject").and_then(|value| value.to_str().ok()).unwrap_or("nobody");
        return text(StatusCode::OK, format!("hello, {subject}\n"));
    }
    let mut answer = Response::new(Full::from(verdict.bytes().await.unwrap_or_default()));
    *answer.status_mut() = status;
    for name in [WWW_AUTHENTICATE, RETRY_AFTER, CONTENT_TYPE] {
        if let Some(value) = headers.get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
