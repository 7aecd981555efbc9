//! The protected application of the demo: it asks the guard about each request, exactly as nginx would.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;

use super::relay::Relay;
use super::visitor::Visitors;

/// What answers on the API's port.
pub(super) struct Api {
    client: reqwest::Client,
    /// Where the guard is asked.
    guard: String,
    relay: Arc<Relay>,
    visitors: Visitors,
}

impl Api {
    pub(super) const fn new(client: reqwest::Client, guard: String, relay: Arc<Relay>, visitors: Visitors) -> Self {
        Self { client, guard, relay, visitors }
    }

    pub(super) async fn respond<B>(&self, request: Request<B>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (_, "/hello") => self.hello(&request).await,
            (&Method::GET, "/") => Visitors::welcome(),
            (&Method::GET, "/login") => self.visitors.start(),
            (&Method::GET, "/callback") => self.visitors.arrive(request.uri().query().unwrap_or_default()).await,
            (&Method::POST, "/demo/cut") => {
                self.relay.cut();
                text(StatusCode::OK, "the guard is cut from the authority\n".to_owned())
            }
            (&Method::POST, "/demo/mend") => {
                self.relay.mend();
                text(StatusCode::OK, "the guard can reach the authority again\n".to_owned())
            }
            _ => text(StatusCode::NOT_FOUND, "there is /hello\n".to_owned()),
        }
    }

    /// Asks the guard, and greets the caller when the guard lets the request pass.
    async fn hello<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let mut question = HeaderMap::new();
        for value in request.headers().get_all(AUTHORIZATION) {
            question.append(AUTHORIZATION, value.clone());
        }
        if let Ok(method) = HeaderValue::from_str(request.method().as_str()) {
            question.insert("x-original-method", method);
        }
        if let Ok(uri) = HeaderValue::from_str(&request.uri().to_string()) {
            question.insert("x-original-uri", uri);
        }
        let Ok(verdict) = self.client.get(&self.guard).headers(question).send().await else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "the guard does not answer\n".to_owned());
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
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
