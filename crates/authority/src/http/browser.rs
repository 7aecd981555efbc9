//! What browsers bring and get: cookies, pages with their policy, and the signs of a forged request.

use ::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, LOCATION, ORIGIN, SET_COOKIE,
};
use ::http::{HeaderMap, Response, StatusCode};
use askama::Template;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use axum::body::Body;
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use probity_jose::{UnixTime, base64url};
use tracing::error;
use url::Url;

use super::error::OAuthError;
use super::log::Line;
use crate::authority::State;
use crate::domain::secret::{PlainSecret, SecretKind};
use crate::domain::session::Session;
use crate::entropy::{self, NoEntropy};
use crate::pages::ErrorPage;

/// The session's cookie. `__Host-`: sent to this host only, over HTTPS only, and no other host can set it.
const SESSION_COOKIE: &str = "__Host-probity-session";

/// The cookie that a login form must match.
const CSRF_COOKIE: &str = "__Host-probity-csrf";

/// The cookie of a browser in which a user has logged in.
pub(super) const DEVICE_COOKIE: &str = "__Host-probity-device";

/// How long a browser is known, in seconds: browsers keep no cookie longer than 400 days.
const DEVICE_SECONDS: u64 = 400 * 24 * 3_600;

/// Bytes of randomness in the token of a form, and its length as text.
const CSRF_BYTES: usize = 16;
const CSRF_CHARS: usize = 22;

/// Sends the one form of a page. The only script that any page of ours has.
pub(super) const SUBMIT_SCRIPT: &str = "document.forms[0].submit()";

/// Where the style sheet is.
pub(super) const STYLE_PATH: &str = "/style.css";

impl State {
    /// The session of the browser that sends these headers.
    pub(super) async fn browser_session(
        &self,
        headers: &HeaderMap,
        now: UnixTime,
    ) -> Result<Option<Session>, OAuthError> {
        let Some(hash) =
            cookie(headers, SESSION_COOKIE).and_then(|text| PlainSecret::hash_of(SecretKind::Session, text).ok())
        else {
            return Ok(None);
        };
        Ok(self.store.session_of_cookie(&hash, now).await?)
    }

    /// The address of the style sheet.
    pub(super) fn style(&self) -> String {
        format!("{}{STYLE_PATH}", self.issuer)
    }

    /// A page that says what is wrong.
    pub(super) fn error_page(&self, status: StatusCode, message: &str, code: &'static str) -> Response<Body> {
        let mut response = page(status, &ErrorPage { style: &self.style(), message, code }, None);
        response.extensions_mut().insert(Line { code: Some(code), ..Line::default() });
        response
    }

    /// Whether the request's headers say that another site has made it (Fetch Metadata, `Origin`). Browsers that send
    /// neither are held by the form's token alone.
    pub(super) fn is_cross_site(&self, headers: &HeaderMap) -> bool {
        let own = Url::parse(&self.issuer).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        let foreign_origin = headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() != own.as_bytes());
        let foreign_fetch = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin");
        foreign_origin || foreign_fetch
    }
}

/// The value of a cookie; nothing when it comes twice, since which of them is ours can't be known.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    let (only, None) = (values.next()?, values.next()) else {
        return None;
    };
    Some(only)
}

/// `Set-Cookie` of a session: as long as the browser runs, and never readable by script.
pub(super) fn session_cookie(secret: &PlainSecret) -> (HeaderName, String) {
    // Lax, not Strict: an application sends the browser here by a redirect, and the session must come along.
    (SET_COOKIE, format!("{SESSION_COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax", secret.expose()))
}

/// `Set-Cookie` of a browser in which a user has logged in. It opens nothing.
pub(super) fn device_cookie(text: &str) -> (HeaderName, String) {
    let cookie = format!("{DEVICE_COOKIE}={text}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={DEVICE_SECONDS}");
    (SET_COOKIE, cookie)
}

/// `Set-Cookie` that takes the session's cookie away.
pub(super) fn end_session_cookie() -> (HeaderName, String) {
    (SET_COOKIE, format!("{SESSION_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"))
}

/// `Set-Cookie` of the login form's token.
pub(super) fn csrf_cookie(token: &str) -> (HeaderName, String) {
    (SET_COOKIE, format!("{CSRF_COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax"))
}

/// The token of this browser's forms: the one that it has, or a new one.
pub(super) fn csrf_token(headers: &HeaderMap) -> Result<String, NoEntropy> {
    match cookie(headers, CSRF_COOKIE).filter(|token| token.len() == CSRF_CHARS) {
        Some(token) => Ok(token.to_owned()),
        None => Ok(base64url::encode(&entropy::bytes::<CSRF_BYTES>()?)),
    }
}

/// Whether a form's token is that of the browser's cookie.
pub(super) fn csrf_matches(headers: &HeaderMap, token: Option<&str>) -> bool {
    cookie(headers, CSRF_COOKIE).zip(token).is_some_and(|(cookie, token)| {
        cookie.len() == CSRF_CHARS && verify_slices_are_equal(cookie.as_bytes(), token.as_bytes()).is_ok()
    })
}

/// A page. It runs no script, loads only our style sheet, can't be framed, and its form goes to us and, by the redirect
/// that follows, to `form_target`.
pub(super) fn page(status: StatusCode, page: &impl Template, form_target: Option<&str>) -> Response<Body> {
    let form_action = form_target.and_then(source_of).map(|source| format!(" {source}")).unwrap_or_default();
    render(status, page, &format!("form-action 'self'{form_action}"))
}

/// A page whose form goes to another site and sends itself, by [`SUBMIT_SCRIPT`] and no other script.
pub(super) fn submitting_page(status: StatusCode, page: &impl Template, form_target: &str) -> Response<Body> {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, SUBMIT_SCRIPT.as_bytes()));
    let form_action = source_of(form_target).unwrap_or_else(|| "'none'".to_owned());
    render(status, page, &format!("script-src 'sha256-{hash}'; form-action {form_action}"))
}

fn render(status: StatusCode, page: &impl Template, policy: &str) -> Response<Body> {
    let html = match page.render() {
        Ok(html) => html,
        Err(cause) => {
            error!(error = %cause, "a page could not be rendered");
            return OAuthError::Server.into_response();
        }
    };
    let policy = format!("default-src 'none'; style-src 'self'; {policy}; frame-ancestors 'none'; base-uri 'none'");
    let mut response = (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The origin of an address, or its scheme when it has none, as a source of the content security policy.
fn source_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let origin = url.origin();
    Some(if origin.is_tuple() { origin.ascii_serialization() } else { format!("{}:", url.scheme()) })
}

/// Sends the browser on with GET: 303, so that no form is sent again.
pub(super) fn see_other(address: &str) -> Response<Body> {
    match HeaderValue::try_from(address) {
        Ok(address) => (StatusCode::SEE_OTHER, [(LOCATION, address)]).into_response(),
        Err(_) => OAuthError::Server.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_comes_twice_is_no_cookie() {
        let headers = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            lines.iter().for_each(|line| {
                headers.append(COOKIE, HeaderValue::from_str(line).unwrap());
            });
            headers
        };
        assert_eq!(cookie(&headers(&["a=1; b=2", "c=3"]), "c"), Some("3"));
        assert_eq!(cookie(&headers(&["a=1; a=2"]), "a"), None);
        assert_eq!(cookie(&headers(&["a=1", "a=1"]), "a"), None);
        assert_eq!(cookie(&headers(&["aa=1"]), "a"), None);
    }

    #[test]
    fn the_policy_names_the_origin_or_scheme_that_the_form_may_lead_to() {
        assert_eq!(source_of("https://app.example:444/cb?x").as_deref(), Some("https://app.example:444"));
        assert_eq!(source_of("com.example.app:/cb").as_deref(), Some("com.example.app:"));
    }
}
