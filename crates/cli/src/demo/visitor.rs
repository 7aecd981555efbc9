//! Pages for whoever watches the demo: log in at the real login page, then call and revoke with curl.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use http_body_util::Full;

use super::scene::{Scene, claims_of, text};
use crate::failure::Failure;

/// The most logins that may be under way; the oldest ones are forgotten.
const MAX_LOGINS: usize = 100;

/// The people at their browsers.
pub(super) struct Visitors {
    scene: Arc<Scene>,
    /// The code verifiers of logins under way, by state, with when they began.
    logins: Mutex<Logins>,
}

#[derive(Default)]
struct Logins {
    begun: u64,
    verifiers: BTreeMap<String, (u64, String)>,
}

impl Visitors {
    pub(super) fn new(scene: Arc<Scene>) -> Self {
        Self { scene, logins: Mutex::default() }
    }

    /// The page to start from.
    pub(super) fn welcome() -> Response<Full<Bytes>> {
        page(StatusCode::OK, "<h1>Probity demo</h1><p><a href=\"/login\">Log in</a></p>")
    }

    /// Sends the browser to the login page.
    pub(super) fn start(&self) -> Response<Full<Bytes>> {
        let request = match self.scene.authorization_request() {
            Ok(request) => request,
            Err(failure) => return failed(&failure),
        };
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).begin(request.state, request.verifier);
        let mut answer = page(StatusCode::SEE_OTHER, "");
        match HeaderValue::from_str(request.url.as_str()) {
            Ok(location) => answer.headers_mut().insert(LOCATION, location),
            Err(error) => return failed(&error.into()),
        };
        answer
    }

    /// Comes back from the login page with a code.
    pub(super) async fn arrive(&self, query: &str) -> Response<Full<Bytes>> {
        let parameter = |name: &str| {
            let found = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let state = parameter("state");
        let verifier = self.logins.lock().unwrap_or_else(PoisonError::into_inner).end(&state);
        let Some(verifier) = verifier else {
            return page(
                StatusCode::BAD_REQUEST,
                "<p>This login was not begun here. <a href=\"/login\">Log in</a></p>",
            );
        };
        match self.greet(&parameter("code"), &verifier).await {
            Ok(html) => page(StatusCode::OK, &html),
            Err(failure) => failed(&failure),
        }
    }

    async fn greet(&self, code: &str, verifier: &str) -> Result<String, Failure> {
        let tokens = self.scene.redeem(code, verifier).await?;
        self.scene.keep_token("you", &tokens.access)?;
        let claims = claims_of(&tokens.access)?;
        let session = text(&claims, "sid")?;
        let claims = serde_json::to_string_pretty(&claims)?;
        Ok(format!(
            "<h1>You are logged in</h1>\
             <p>Your access token says, signed but readable by anyone who has it:</p><pre>{}</pre>\
             <p>Call the API with it:</p><pre>{}</pre>\
             <p>Revoke your session, and call again:</p><pre>{}</pre>\
             <p><a href=\"/login\">Log in again</a></p>",
            escaped(&claims),
            escaped(&self.scene.curl_hello("you")),
            escaped(&self.scene.curl_revoke("session", &session))
        ))
    }
}

impl Logins {
    fn begin(&mut self, state: String, verifier: String) {
        self.begun += 1;
        self.verifiers.insert(state, (self.begun, verifier));
        while self.verifiers.len() > MAX_LOGINS {
            let oldest = self.verifiers.iter().min_by_key(|(_, (begun, _))| *begun).map(|(state, _)| state.clone());
            if let Some(oldest) = oldest {
                self.verifiers.remove(&oldest);
            }
        }
    }

    fn end(&mut self, state: &str) -> Option<String> {
        self.verifiers.remove(state).map(|(_, verifier)| verifier)
    }
}

fn page(status: StatusCode, html: &str) -> Response<Full<Bytes>> {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Probity demo</title>\
         <meta name=\"viewport\" content=\"width=device-width\">{html}</html>"
    );
    let mut answer = Response::new(Full::from(page));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    answer
}

fn failed(failure: &Failure) -> Response<Full<Bytes>> {
    let html = format!("<p>{}</p><p><a href=\"/login\">Log in</a></p>", escaped(&failure.to_string()));
    page(StatusCode::BAD_GATEWAY, &html)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_ends_once_and_the_oldest_is_forgotten_when_there_are_too_many() {
        let mut logins = Logins::default();
        for at in 0..=MAX_LOGINS {
            logins.begin(at.to_string(), format!("verifier {at}"));
        }
        assert_eq!(logins.end("0"), None);
        assert_eq!(logins.end("1").as_deref(), Some("verifier 1"));
        assert_eq!(logins.end("1"), None);
    }

    #[test]
    fn what_comes_from_elsewhere_can_be_no_markup() {
        assert_eq!(escaped("<script>\"&"), "&lt;script&gt;&quot;&amp;");
    }
}
