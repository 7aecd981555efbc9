//! One request and its response, as the report keeps them.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::discriminator::{Class, Response};
use crate::redact;

/// A request that was sent, for the report.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Sent {
    /// From 1.
    pub number: usize,
    /// The rule that wanted it.
    pub rule: &'static str,
    /// What was tried.
    pub what: String,
    /// The method.
    pub method: String,
    /// The URL, tokens redacted.
    pub url: String,
    /// The token, decoded and redacted.
    pub token: String,
    /// The status; 0 when no response came.
    pub status: u16,
    /// What the response means.
    pub class: Class,
    /// The beginning of the body, tokens redacted.
    pub response: String,
}

/// A response with its meaning.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The number in the log.
    pub number: usize,
    /// The status; 0 when no response came.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
    /// What it means.
    pub class: Class,
    /// Milliseconds until the whole response was there.
    pub milliseconds: u128,
}

impl Answer {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Sends one request and reads its response, as much of it as is kept.
pub(super) async fn fetch(
    client: &reqwest::Client,
    method: &str,
    url: url::Url,
    headers: &[(String, String)],
    body: String,
) -> Result<Response, String> {
    let method = reqwest::Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        map.append(name, HeaderValue::from_bytes(value.as_bytes()).map_err(|_| "not a possible header value")?);
    }
    let mut request = client.request(method, url).headers(map);
    if !body.is_empty() {
        request = request.body(body);
    }
    let mut response = request.send().await.map_err(|error| describe(&error))?;
    let status = response.status().as_u16();
    let pairs = response.headers().iter();
    let headers =
        pairs.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| describe(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_BODY_BYTES {
            bytes.truncate(MAX_BODY_BYTES);
            break;
        }
    }
    Ok(Response { status, headers, body: String::from_utf8_lossy(&bytes).into_owned() })
}

fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    redact::tokens_in(&text)
}

/// What a report says of a token: what it decodes to, and never its signature. Odd texts may hold a good signature anywhere.
pub(super) fn without_signature(token: &str) -> String {
    redact::readable(token)
        .unwrap_or_else(|| format!("{} characters, {}", token.len(), redact::fingerprint(token.as_bytes())))
}

/// The beginning of a text.
pub(super) fn shorten(text: &str) -> String {
    let short: String = text.chars().take(MAX_SHOWN).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

/// How much of a body is read, in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// How much of a body is kept in the log, in characters.
const MAX_SHOWN: usize = 300;
