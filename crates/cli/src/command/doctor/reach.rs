//! Asks the authority and the guard what they should answer.

use std::time::Duration;

use probity_audit::evidence::seconds_of_http_date;
use reqwest::header::{DATE, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode};
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
    let asker = match Asker::new(own) {
        Ok(asker) => asker,
        Err(finding) => return vec![finding],
    };
    let mut found = Vec::new();
    let answer = match asker.ask(&url).await {
        Ok(answer) => answer,
        Err(finding) => return vec![finding],
    };
    found.push(match url.scheme() {
        "https" => Finding::good("it can be reached, and its certificate is good for its name"),
        _ => Finding::note("it is reached by plain HTTP, which is for this machine only"),
    });
    found.extend(clock(&answer));
    match json(&url, answer).await {
        Err(finding) => found.push(finding),
        Ok(metadata) => {
            found.push(names(&metadata, &own.issuer));
            found.push(match text(&metadata, "jwks_uri").and_then(|keys| Url::parse(keys).ok()) {
                Some(keys) => asker.key_set(&keys).await,
                None => Finding::bad("its metadata names no key set", "jwks_uri must be an https URL"),
            });
            if let Ok(ready) = url.join("/readyz") {
                let advice = "its log says why: look for its disk, or for PostgreSQL";
                found.push(asker.ready_or_not(&ready, advice).await);
            }
        }
    }
    found
}

/// Whether metadata are those of an issuer.
fn names(metadata: &Value, issuer: &str) -> Finding {
    match text(metadata, "issuer") {
        Some(named) if named == issuer => Finding::good("its metadata names this issuer"),
        Some(named) => Finding::bad(
            format!("its metadata names another issuer: {named}"),
            "guards and clients must name it as it names itself, to the letter (RFC 8414 section 3.3)",
        ),
        None => Finding::bad("its metadata names no issuer", "look at what answers there"),
    }
}

/// Examines a guard: can it be reached, is it current, does it refuse who has no token.
pub(super) async fn guard(own: &Own) -> Vec<Finding> {
    let (Ok(ready), Ok(verify)) = (own.guard.join("/readyz"), own.guard.join(probity_guard::VERIFY_PATH)) else {
        return vec![Finding::bad(format!("{} is no URL of a guard", own.guard), "write http://HOST:PORT")];
    };
    let asker = match Asker::new(own) {
        Ok(asker) => asker,
        Err(finding) => return vec![finding],
    };
    match asker.ask(&verify).await {
        Err(finding) => vec![finding],
        Ok(answer) => {
            let advice = "its log says why: look for the credential, `ca_file`, and whether it reaches the authority";
            vec![asker.ready_or_not(&ready, advice).await, refusal(&answer)]
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

/// Asks with one client, which trusts what the deployment trusts.
struct Asker {
    client: Client,
    has_ca_file: bool,
}

impl Asker {
    fn new(own: &Own) -> Result<Self, Finding> {
        let client = http_client(own.ca_file.as_deref()).map_err(|failure| {
            Finding::bad(failure.to_string(), "`ca_file` must name a file with certificates in PEM")
        })?;
        Ok(Self { client, has_ca_file: own.ca_file.is_some() })
    }

    async fn ask(&self, url: &Url) -> Result<Response, Finding> {
        let answer = self.client.get(url.clone()).timeout(PATIENCE).send().await;
        answer.map_err(|error| diagnosis::connection(url, &error, self.has_ca_file))
    }

    async fn key_set(&self, url: &Url) -> Finding {
        let set = match self.ask(url).await {
            Ok(answer) => json(url, answer).await,
            Err(finding) => Err(finding),
        };
        match set.map(|set| set.get("keys").and_then(Value::as_array).map_or(0, Vec::len)) {
            Err(finding) => finding,
            Ok(0) => {
                Finding::bad("its key set is empty", "its log says why; an authority makes its keys when it starts")
            }
            Ok(1) => Finding::good("its key set has 1 key"),
            Ok(count) => Finding::good(format!("its key set has {count} keys")),
        }
    }

    async fn ready_or_not(&self, url: &Url, advice: &str) -> Finding {
        match self.ask(url).await {
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
}

/// The JSON of an answer, or why it has none.
async fn json(url: &Url, answer: Response) -> Result<Value, Finding> {
    let status = answer.status();
    if let Some(location) = answer.headers().get(LOCATION).filter(|_| status.is_redirection()) {
        return Err(diagnosis::redirect(url, &String::from_utf8_lossy(location.as_bytes())));
    }
    if status != StatusCode::OK {
        return Err(Finding::bad(
            format!("{url} answers {status}"),
            "something else listens there, or a proxy in front does not pass this path on",
        ));
    }
    answer.json().await.map_err(|_| Finding::bad(format!("{url} is no JSON"), "something else listens there"))
}

/// How much of an answer's text is shown.
const MAX_REASON_CHARS: usize = 200;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

fn clock(answer: &Response) -> Option<Finding> {
    let theirs = seconds_of_http_date(answer.headers().get(DATE)?.to_str().ok()?)?;
    Some(diagnosis::clocks(theirs - now()))
}

fn text<'v>(metadata: &'v Value, name: &str) -> Option<&'v str> {
    metadata.get(name).and_then(Value::as_str)
}
