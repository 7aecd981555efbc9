//! Asks the authority and the guard what they should answer.

use std::time::Duration;

use probity_audit::evidence::seconds_of_http_date;
use reqwest::header::{DATE, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use url::Url;

use super::diagnosis;
use super::finding::Finding;
use crate::client::http_client;
use crate::command::audit::{Own, now};

/// Examines an authority: can it be reached under its name, does it say what it should, is it ready.
pub(super) async fn authority(own: &Own) -> Vec<Finding> {
    let Ok(url) = Url::parse(&format!("{}/.well-known/openid-configuration", own.issuer.trim_end_matches('/'))) else {
        return vec![Finding::bad(format!("the issuer {} is no URL", own.issuer), "write https://HOST")];
    };
    let mut found = Vec::new();
    if let Some(metadata) = json(own, &url, &mut found).await {
        match text(&metadata, "issuer") {
            Some(issuer) if issuer == own.issuer => found.push(Finding::good("its metadata names this issuer")),
            Some(issuer) => found.push(Finding::bad(
                format!("its metadata names another issuer: {issuer}"),
                "guards and clients must name it as it names itself, to the letter (RFC 8414 section 3.3)",
            )),
            None => found.push(Finding::bad("its metadata names no issuer", "look at what answers there")),
        }
        if let Some(keys) = text(&metadata, "jwks_uri").and_then(|keys| Url::parse(keys).ok()) {
            found.push(key_set(own, &keys).await);
        } else {
            found.push(Finding::bad("its metadata names no key set", "jwks_uri must be an https URL"));
        }
        if let Ok(ready) = url.join("/readyz") {
            found.push(ready_or_not(own, &ready, "its store can be written, or it can't be reached").await);
        }
    }
    found
}

async fn key_set(own: &Own, url: &Url) -> Finding {
    let mut lost = Vec::new();
    let Some(set) = json(own, url, &mut lost).await else {
        return Finding::bad(format!("its key set {url} can't be read"), "see the findings above, for this URL");
    };
    match set.get("keys").and_then(Value::as_array).map_or(0, Vec::len) {
        0 => Finding::bad("its key set is empty", "probity admin keys rotate"),
        1 => Finding::good("its key set has 1 key"),
        count => Finding::good(format!("its key set has {count} keys")),
    }
}

/// Examines a guard: can it be reached, is it current, does it refuse who has no token.
pub(super) async fn guard(own: &Own) -> Vec<Finding> {
    let (Ok(ready), Ok(verify)) = (own.guard.join("/readyz"), own.guard.join(probity_guard::VERIFY_PATH)) else {
        return vec![Finding::bad(format!("{} is no URL of a guard", own.guard), "write http://HOST:PORT")];
    };
    match ask(own, &verify).await {
        Err(finding) => vec![finding],
        Ok(answer) => {
            let refusal = refusal(&answer);
            let advice = "its log says why: look for the credential, `ca_file`, and whether it reaches the authority";
            vec![ready_or_not(own, &ready, advice).await, refusal]
        }
    }
}

fn refusal(answer: &Response) -> Finding {
    let challenge = answer.headers().contains_key(WWW_AUTHENTICATE);
    match answer.status() {
        StatusCode::UNAUTHORIZED if challenge => Finding::good("it refuses a request without a token by 401"),
        StatusCode::SERVICE_UNAVAILABLE => {
            Finding::note("it refuses everything by 503 while its revocations are not current")
        }
        status => Finding::bad(
            format!("it answers {status} to a request without a token, instead of 401 and WWW-Authenticate"),
            "something else listens there, or its rules let everybody in",
        ),
    }
}

async fn ready_or_not(own: &Own, url: &Url, advice: &str) -> Finding {
    match ask(own, url).await {
        Err(finding) => finding,
        Ok(answer) if answer.status() == StatusCode::OK => Finding::good("it is ready"),
        Ok(answer) => {
            let status = answer.status();
            let reason = answer.text().await.unwrap_or_default();
            let reason: String = reason.trim().chars().filter(|c| !c.is_control()).take(MAX_REASON_CHARS).collect();
            Finding::bad(format!("it is not ready: {status} {reason}"), advice)
        }
    }
}

/// How much of an answer's text is shown.
const MAX_REASON_CHARS: usize = 200;

async fn json(own: &Own, url: &Url, found: &mut Vec<Finding>) -> Option<Value> {
    let answer = match ask(own, url).await {
        Ok(answer) => answer,
        Err(finding) => {
            found.push(finding);
            return None;
        }
    };
    found.push(Finding::good("it can be reached, and its certificate is good for its name"));
    if url.scheme() == "http" {
        found.pop();
        found.push(Finding::note("it is reached by plain HTTP, which is for this machine only"));
    }
    found.extend(clock(&answer));
    let status = answer.status();
    if let Some(location) = answer.headers().get(LOCATION).filter(|_| status.is_redirection()) {
        found.push(diagnosis::redirect(url, &String::from_utf8_lossy(location.as_bytes())));
        return None;
    }
    if status != StatusCode::OK {
        found.push(Finding::bad(
            format!("{url} answers {status}"),
            "something else listens there, or a proxy in front does not pass this path on",
        ));
        return None;
    }
    let value = answer.json().await.ok();
    if value.is_none() {
        found.push(Finding::bad(format!("{url} is no JSON"), "something else listens there"));
    }
    value
}

async fn ask(own: &Own, url: &Url) -> Result<Response, Finding> {
    let client = http_client(own.ca_file.as_deref())
        .map_err(|failure| Finding::bad(failure.to_string(), "`ca_file` must name a file with certificates in PEM"))?;
    let answer = client.get(url.clone()).timeout(PATIENCE).send().await;
    answer.map_err(|error| diagnosis::connection(url, &error, own.ca_file.is_some()))
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

fn clock(answer: &Response) -> Option<Finding> {
    let theirs = seconds_of_http_date(answer.headers().get(DATE)?.to_str().ok()?)?;
    Some(diagnosis::clocks(theirs - now()))
}

fn text<'v>(metadata: &'v Value, name: &str) -> Option<&'v str> {
    metadata.get(name).and_then(Value::as_str)
}
