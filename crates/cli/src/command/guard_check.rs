//! `probity guard check`: which rule decides about a request, and why.

use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use probity_guard::{
    Access, Cors, Decision, Limit, Pass, Policy, Question, Refusal, RoutePath, Rule, Staleness, Thumbprint, Verdict,
    decide,
};
use probity_verifier::clock::unix_now;
use probity_verifier::{AccessToken, Rejection, Trust};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use super::guard::{load, trust_config};
use crate::client;
use crate::failure::{Doing, Failure, Kind};
use crate::output;

/// How long the keys and revocations may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Say which rule decides about a request, and why.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    probity guard check --config guard.toml --method DELETE --uri /orders/7\n  \
    probity guard check --config guard.toml --uri /orders/7 --token-file token.txt --json\n\n\
    Without a token, nothing is asked of anyone. With one, this follows the authority as another instance of the guard \
    until its keys and revocations are there, and decides as the guard would.\n\n\
    Exit code 0: the request passes. 1: it does not, and the output says why.")]
pub(crate) struct CheckArgs {
    /// The guard's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The request's method.
    #[arg(long, default_value = "GET")]
    method: String,
    /// The request's target: path and query, exactly as it would come.
    #[arg(long, value_name = "PATH")]
    uri: String,
    /// A file with the token; - for standard input.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A header of the request, as NAME: VALUE; may be repeated.
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,
    /// A certificate (PEM) that the client has shown to the guard itself.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The address of whoever asks the guard.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    peer: IpAddr,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl CheckArgs {
    /// Prints the decision.
    ///
    /// # Errors
    /// The configuration can't work, or the request would not pass.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let config = load(&self.config)?;
        let policy = config.policy().or_kind(Kind::Configuration)?;
        let headers = self.request_headers()?;
        let certificate = self.certificate.as_deref().map(thumbprint).transpose()?;
        let question = Question {
            method: Some(&self.method),
            target: Some(&self.uri),
            headers: &headers,
            peer: Some(self.peer),
            certificate: certificate.as_ref(),
        };
        let trust = match self.token_file {
            Some(_) => Some(ready(Trust::start(trust_config(&config)?)?).await?),
            None => None,
        };
        let judge = |token: &str| trust.as_ref().map_or(Err(Rejection::NoKeys), |trust| trust.judge_now(token));
        let (decided, (passes, verdict, reason)) = if let Some((rule, answer)) = policy.preflight(&question) {
            (Some(rule), explain_preflight(rule, &answer))
        } else {
            let decision = decide(&policy, &question, judge, unix_now());
            (decision.rule, explain(&decision))
        };
        let considered = considered(&policy, &question, decided);
        if self.json {
            let rule = decided.map(|rule| rule.name.as_str());
            let document =
                json!({"passes": passes, "verdict": verdict, "reason": reason, "rule": rule, "rules": considered});
            output::line(&document.to_string())?;
        } else {
            for rule in &considered {
                let text = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or_default();
                output::line(&format!("rule {:<20} {}", text("name"), text("fits")))?;
            }
            output::line(&format!("{verdict}: {reason}"))?;
        }
        if passes { Ok(()) } else { Err(Failure::new("the request would not pass")) }
    }

    fn request_headers(&self) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        for header in &self.headers {
            let bad = || Failure::new(format!("--header {header}: expected NAME: VALUE"));
            let (name, value) = header.split_once(':').ok_or_else(bad)?;
            let name = name.trim().parse::<HeaderName>().map_err(|_| bad())?;
            headers.append(name, value.trim().parse::<HeaderValue>().map_err(|_| bad())?);
        }
        if let Some(file) = &self.token_file {
            let token = if file.as_os_str() == "-" {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text)?;
                text.trim().to_owned()
            } else {
                client::read_secret(file)?.to_string()
            };
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            headers.append(AUTHORIZATION, value.map_err(|_| Failure::new("the token can't stand in a header"))?);
        }
        Ok(headers)
    }
}

/// Waits until tokens can be judged.
async fn ready(trust: Trust) -> Result<Trust, Failure> {
    let wait = async {
        while !trust.is_ready() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.map_err(|_| Failure::new("keys and revocations did not arrive").of_kind(Kind::Unreachable))?;
    Ok(trust)
}

/// Whether it passes, the verdict in a word, and the reason in a sentence.
fn explain(decision: &Decision<'_>) -> (bool, String, String) {
    let rule = decision.rule.map_or("", |rule| rule.name.as_str());
    match &decision.verdict {
        Verdict::Pass(Pass { token: None, .. }) => (true, "passes".into(), format!("rule {rule} lets anyone pass")),
        Verdict::Pass(pass) => {
            let counts = decision.rule.and_then(|rule| rule.limit.as_ref());
            let counts = counts.map(|limit| format!(", and limit {} counts the request", limit.name()));
            let bound = pass.token.as_ref().and_then(AccessToken::bound_certificate);
            let bound = bound.map_or("", |_| " with the certificate that it is bound to");
            (true, "passes".into(), format!("the token fulfils rule {rule}{bound}{}", counts.unwrap_or_default()))
        }
        Verdict::Introspect(_) => {
            (false, "introspect".into(), format!("the guard is stale, and rule {rule} asks the authority"))
        }
        Verdict::Refuse(refusal) => (false, refusal.code().into(), format!("{} {refusal}", refusal.status().as_u16())),
    }
}

/// The same for a browser's question before a request.
fn explain_preflight(rule: &Rule, answer: &Result<HeaderMap, Refusal>) -> (bool, String, String) {
    match answer {
        Ok(_) => (true, "preflight".into(), format!("204: rule {} lets pages of this origin ask for it", rule.name)),
        Err(refusal) => (false, refusal.code().into(), format!("{} {refusal}", refusal.status().as_u16())),
    }
}

fn thumbprint(file: &Path) -> Result<Thumbprint, Failure> {
    let certificate = CertificateDer::from_pem_file(file).map_err(|error| Failure::new(error.to_string()));
    Ok(Thumbprint::of(&certificate.doing(file.display())?))
}

/// Each rule, and whether it fits; none after the first that does is looked at.
fn considered(policy: &Policy, question: &Question<'_>, decided: Option<&Rule>) -> Vec<Value> {
    let method = question.method.unwrap_or_default();
    let Ok(path) = RoutePath::parse(question.target.unwrap_or_default()) else { return Vec::new() };
    let mut considered = Vec::new();
    for rule in &policy.rules {
        // A preflight is decided about by the rule for another method than its own.
        let is_the_one = decided.is_some_and(|decided| decided.name == rule.name);
        let fits = match (rule.fits_method(method), rule.fits_path(&path)) {
            _ if is_the_one => "decides",
            (true, true) => "decides",
            (true, false) => "is for other paths",
            (false, true) => "is for other methods",
            (false, false) => "is for other methods and paths",
        };
        considered.push(json!({"name": rule.name, "fits": fits, "requires": requirements(rule)}));
        if fits == "decides" {
            break;
        }
    }
    considered
}

fn requirements(rule: &Rule) -> Value {
    let stale = match rule.stale {
        Staleness::Closed => json!("closed"),
        Staleness::Introspect => json!("introspect"),
        Staleness::Open(most) => json!({"open": most.as_secs()}),
    };
    let claims: Vec<&str> = rule.claims.iter().map(|(name, _)| name.as_str()).collect();
    match rule.access {
        Access::Anyone => json!("nothing"),
        Access::Nobody => json!("nobody passes"),
        Access::Token => json!({
            "audience": rule.audience, "scopes": rule.scopes, "claims": claims, "acr_values": rule.acr_values,
            "max_authentication_age": rule.max_authentication_age.map(|most| most.as_secs()), "stale": stale,
            "limit": rule.limit.as_ref().map(Limit::name),
            "origins": rule.cors.iter().flat_map(Cors::origins).collect::<Vec<_>>(),
        }),
    }
}
