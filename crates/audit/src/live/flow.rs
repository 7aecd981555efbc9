//! Flows that change state: log in, use, log out, refresh, revoke. The operator describes each step as a raw request.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use tokio::runtime::Handle;

use crate::evidence::{Json, RequestText};
use crate::outcome::{Finding, Outcome, Proof, fail};
use crate::redact;

/// A flow file: named steps, each a raw HTTP request or curl line, with what to keep of its response.
///
/// ```toml
/// [steps.login]
/// request = """
/// POST /token HTTP/1.1
/// Host: 127.0.0.1:8080
/// Content-Type: application/x-www-form-urlencoded
///
/// grant_type=password&username=test&password=test"""
/// keep = { access_token = "json:access_token", refresh_token = "json:refresh_token" }
///
/// [steps.use]
/// request = """
/// GET /me HTTP/1.1
/// Host: 127.0.0.1:8080
/// Authorization: Bearer {{access_token}}
///
/// """
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowFile {
    /// `http` or `https`, for raw requests, which don't say it.
    #[serde(default = "https")]
    pub scheme: String,
    /// The steps by their names: `login`, `use`, `logout`, `revoke`, `refresh`, `refresh_other_client`, `change_password`,
    /// `disable`, `enable`, `remove_role`, `redeem`, `replay`, `logout_token`, `break_store`, `mend_store`, `break_keys`,
    /// `mend_keys`.
    pub steps: BTreeMap<String, Step>,
    /// Seconds after which a used refresh token must be dead.
    #[serde(default)]
    pub grace: u64,
    /// Seconds after a logout at which the token is used again.
    #[serde(default = "moments")]
    pub moments: Vec<u64>,
}

/// One request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// A raw HTTP request or a curl line; `{{name}}` is replaced by what an earlier step kept.
    pub request: String,
    /// What to keep of the response: `json:member.member`, `header:Name`, or `cookie:name`.
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
    /// Statuses that mean success; any 2xx or 3xx when empty.
    #[serde(default)]
    pub success: Vec<u16>,
}

/// Why a flow file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// It is no flow file.
    #[error("the flow file can't be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A step is no request.
    #[error("the step {0} is no raw HTTP request and no curl line")]
    Request(String),
    /// No HTTP client could be made.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It succeeded.
    Success,
    /// The server refused it.
    Refused(u16),
    /// No response came.
    NoAnswer,
}

/// Runs the steps of a flow.
#[derive(Debug)]
pub struct Flow {
    file: FlowFile,
    client: reqwest::Client,
    runtime: Handle,
    kept: BTreeMap<String, String>,
    log: Vec<super::Sent>,
    rule: &'static str,
    cleared: bool,
}

impl FlowFile {
    /// Reads a flow file.
    ///
    /// # Errors
    /// [`FlowError`].
    pub fn parse(text: &str) -> Result<Self, FlowError> {
        let file: Self = toml::from_str(text)?;
        for (name, step) in &file.steps {
            RequestText::parse(&step.request, &file.scheme).ok_or_else(|| FlowError::Request(name.clone()))?;
        }
        Ok(file)
    }

    /// The hosts that its steps go to.
    pub fn hosts(&self) -> Vec<String> {
        let urls = self.steps.values().filter_map(|step| RequestText::parse(&step.request, &self.scheme));
        urls.filter_map(|request| {
            url::Url::parse(&request.url).ok()?.host_str().map(|host| host.trim_matches(['[', ']']).to_owned())
        })
        .collect()
    }
}

impl Flow {
    /// Prepares; sends nothing.
    ///
    /// # Errors
    /// [`FlowError::Client`].
    pub fn new(file: FlowFile, authorities: Option<&str>, runtime: Handle) -> Result<Self, FlowError> {
        let mut client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).no_proxy();
        for certificate in authorities
            .map(|pem| reqwest::Certificate::from_pem_bundle(pem.as_bytes()))
            .transpose()?
            .unwrap_or_default()
        {
            client = client.add_root_certificate(certificate);
        }
        Ok(Self {
            file,
            client: client.build()?,
            runtime,
            kept: BTreeMap::new(),
            log: Vec::new(),
            rule: "",
            cleared: false,
        })
    }

    /// Names the rule that the next requests are for, and forgets what was kept.
    pub fn begin(&mut self, rule: &'static crate::rule::Rule) {
        self.rule = rule.id;
        self.kept.clear();
    }

    /// What was sent.
    pub fn log(&self) -> &[super::Sent] {
        &self.log
    }

    /// Which of the steps the flow file does not have.
    pub fn lacks(&self, steps: &[&str]) -> Option<crate::outcome::Outcome> {
        let missing: Vec<&str> = steps.iter().copied().filter(|name| !self.file.steps.contains_key(*name)).collect();
        (!missing.is_empty())
            .then(|| crate::outcome::Outcome::not_tested(format!("the flow file has no step {}", missing.join(", "))))
    }

    /// The moments after a logout, in seconds.
    pub fn moments(&self) -> Vec<u64> {
        self.file.moments.clone()
    }

    /// Seconds after which a used refresh token must be dead.
    pub fn grace(&self) -> u64 {
        self.file.grace
    }

    /// A finding that the last request proves.
    pub fn proven(&self, claim: impl Into<String>) -> Finding {
        let mut finding = fail(claim).proof(Proof::ProvenLive);
        finding.requests = vec![self.log.len()];
        finding
    }

    /// Runs a step that must be refused.
    pub fn must_refuse(&mut self, step: &str, claim: &str) -> Outcome {
        match self.run(step) {
            Done::Success => self.proven(claim).into(),
            Done::Refused(status) => Outcome::passed(format!("refused with {status}")),
            Done::NoAnswer => Outcome::inconclusive(format!("no answer to the step {step}")),
        }
    }

    /// Uses the token at each moment, and says when it still worked.
    pub fn still_works(&mut self, claim: &str) -> Outcome {
        let mut last = 0;
        let mut worked = Vec::new();
        for moment in self.moments() {
            self.wait(moment.saturating_sub(last));
            last = moment;
            match self.run("use") {
                Done::Success => worked.push(format!("{moment} s")),
                Done::Refused(status) if worked.is_empty() => {
                    return Outcome::passed(format!("refused with {status} after {moment} s"));
                }
                Done::Refused(_) => {}
                Done::NoAnswer => return Outcome::inconclusive("no answer to the use of the token"),
            }
        }
        if worked.is_empty() {
            return Outcome::pass();
        }
        self.proven(format!("{claim}: after {}.", worked.join(", "))).into()
    }

    /// Uses the token every second until it is refused. `None` when that takes longer than the last moment.
    ///
    /// # Errors
    /// That no answer came, as an outcome.
    pub fn seconds_until_refused(&mut self) -> Result<Option<u64>, Outcome> {
        let last = self.moments().into_iter().max().unwrap_or(0);
        for second in 0..=last {
            match self.run("use") {
                Done::Refused(_) => return Ok(Some(second)),
                Done::NoAnswer => return Err(Outcome::inconclusive("no answer to the use of the token")),
                Done::Success if second < last => self.wait(1),
                Done::Success => {}
            }
        }
        Ok(None)
    }

    /// Waits.
    pub fn wait(&self, seconds: u64) {
        if seconds > 0 {
            self.runtime.block_on(tokio::time::sleep(Duration::from_secs(seconds.min(MAX_WAIT))));
        }
    }

    /// Something that a step kept.
    pub fn kept(&self, name: &str) -> Option<&str> {
        self.kept.get(name).map(String::as_str)
    }

    /// Sets what later steps find under a name.
    pub fn keep(&mut self, name: &str, value: impl Into<String>) {
        self.kept.insert(name.to_owned(), value.into());
    }

    /// Whether the last response cleared what the browser stored.
    pub fn last_clears_storage(&self) -> bool {
        self.cleared
    }

    /// Runs a step; the number of its request in the log is the log's length afterwards.
    pub fn run(&mut self, name: &str) -> Done {
        let Some(step) = self.file.steps.get(name).cloned() else {
            return Done::NoAnswer;
        };
        let mut text = step.request.clone();
        for (key, value) in &self.kept {
            text = text.replace(&format!("{{{{{key}}}}}"), value);
        }
        let Some(request) = RequestText::parse(&text, &self.file.scheme) else {
            return Done::NoAnswer;
        };
        let response = self.runtime.block_on(send(&self.client, &request));
        let (status, headers, body) = response.unwrap_or_default();
        self.cleared = headers.iter().any(|(name, value)| {
            let name = name.to_ascii_lowercase();
            name == "clear-site-data" || (name == "set-cookie" && value.to_ascii_lowercase().contains("max-age=0"))
        });
        let success =
            if step.success.is_empty() { (200..400).contains(&status) } else { step.success.contains(&status) };
        self.log.push(super::Sent {
            number: self.log.len() + 1,
            rule: self.rule,
            what: format!("step {name}"),
            method: request.method.clone(),
            url: redact::tokens_in(&request.url),
            token: String::new(),
            status,
            class: if success { super::Class::Accepted } else { super::Class::Refused },
            response: redact::tokens_in(&body).chars().take(120).filter(|_| !success).collect(),
        });
        for (name, from) in &step.keep {
            if let Some(value) = extract(from, &headers, &body) {
                self.kept.insert(name.clone(), value);
            }
        }
        match status {
            // An error is no refusal.
            0 | 429 | 500..600 if !success => Done::NoAnswer,
            _ if success => Done::Success,
            status => Done::Refused(status),
        }
    }
}

type Received = (u16, Vec<(String, String)>, String);

async fn send(client: &reqwest::Client, request: &RequestText) -> Option<Received> {
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).ok()?;
    let mut builder = client.request(method, &request.url);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let mut response = builder.body(request.body.clone()).send().await.ok()?;
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY_BYTES {
            return None;
        }
    }
    Some((status, headers, String::from_utf8_lossy(&body).into_owned()))
}

fn extract(from: &str, headers: &[(String, String)], body: &str) -> Option<String> {
    if let Some(path) = from.strip_prefix("json:") {
        let json = Json::parse(body)?;
        let found = path.split('.').try_fold(&json, |json, name| json.get(name))?;
        return Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned));
    }
    if let Some(name) = from.strip_prefix("header:") {
        return headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
    }
    let name = from.strip_prefix("cookie:")?;
    let mut cookies = headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("set-cookie"));
    cookies.find_map(|(_, line)| {
        let (key, value) = line.split(';').next()?.split_once('=')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

fn https() -> String {
    "https".to_owned()
}

fn moments() -> Vec<u64> {
    vec![0, 5]
}

const TIMEOUT: Duration = Duration::from_secs(15);

/// The largest response, in bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The longest wait between two steps, in seconds.
const MAX_WAIT: u64 = 300;
