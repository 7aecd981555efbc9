//! `probity audit self`: every rule that can be tried on a Probity authority and its guard, with tokens that it gets itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use probity_audit::evidence::{Evidence, Exchange, TextFile, Token, to_base64};
use probity_audit::live::{
    Flow, FlowFile, Listener, LiveOptions, OtherToken, Prober, Step, Supplies, Target, is_loopback,
};
use probity_audit::{Allow, Audit, Collector, Place, Policy, Report};
use url::Url;
use zeroize::Zeroizing;

use super::deployment::DeploymentArgs;
use super::inputs::{now, text_of, unreachable, usage};
use super::live::marker;
use super::options::Options;
use crate::client::http_client;
use crate::failure::{Doing, Failure, Kind};

/// Audit a running Probity authority and its guard, with test tokens that it gets and revokes itself.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    probity audit self                                  what `serve --dev` and its guard run from ./probity-data\n  \
    probity audit self --serve-config serve.toml --guard-config guard.toml\n  \
    probity audit self --issuer https://login.example --guard http://127.0.0.1:9080 --token @token.txt\n\n\
Both must be running. Forged tokens go to the guard; one test token is revoked. Other hosts than this machine need --i-own.")]
pub(super) struct OwnArgs {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// A host of yours; without it only this machine is asked.
    #[arg(long)]
    i_own: Vec<String>,
    #[command(flatten)]
    options: Options,
}

impl OwnArgs {
    /// Audits, and prints the report.
    ///
    /// # Errors
    /// As of `probity audit`.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let own = self.deployment.own()?;
        if let Some(host) = own.strange_hosts(&self.i_own)?.first() {
            return Err(usage(format!("nothing is sent to {host} unless you say that it is yours: --i-own {host}")));
        }
        if self.options.ca_file.is_none() {
            self.options.ca_file.clone_from(&own.ca_file);
        }
        let own = Own { ca_file: self.options.ca_file.clone(), ..own };
        let prepared = own.prepare(&self.options.policy()).await?;
        let allow = prepared.allow;
        let flow = prepared.flow.map(|flow| (flow, allow));
        self.options.audit(&prepared.name, prepared.evidence, Some((prepared.prober, allow)), flow).await
    }
}

/// An authority and a guard that run.
pub(crate) struct Own {
    /// The issuer.
    pub(crate) issuer: String,
    /// Where the guard listens.
    pub(crate) guard: Url,
    /// What certificates to trust, instead of the platform's.
    pub(crate) ca_file: Option<PathBuf>,
    /// A client that may get tokens for itself, and its secret.
    pub(crate) credentials: Option<(String, Zeroizing<String>)>,
    /// Clients whose tokens are for somebody else, and must be refused here.
    pub(crate) strangers: Vec<(String, Zeroizing<String>)>,
    /// A token that the guard accepts, when there is no such client.
    pub(crate) token: Option<String>,
    /// Their configurations.
    pub(crate) files: Vec<PathBuf>,
}

/// What an audit of them is made of.
struct Prepared {
    name: String,
    evidence: Evidence,
    prober: Prober,
    flow: Option<Flow>,
    allow: Allow,
}

impl Own {
    /// The hosts of authority and guard that are neither this machine nor among those that somebody says to own.
    ///
    /// # Errors
    /// One of the two has no URL.
    pub(crate) fn strange_hosts(&self, owned: &[String]) -> Result<Vec<String>, Failure> {
        let mut strange = Vec::new();
        for address in [&self.issuer, self.guard.as_str()] {
            let url = Url::parse(address).map_err(|_| usage(format!("{address} is no URL")))?;
            let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            if !is_loopback(&host) && !owned.iter().any(|own| own.eq_ignore_ascii_case(&host)) {
                strange.push(host);
            }
        }
        Ok(strange)
    }

    /// Runs every rule that can be tried.
    ///
    /// # Errors
    /// Authority or guard can't be reached, or the authority gives no token.
    pub(crate) async fn audit(&self) -> Result<Report, Failure> {
        let Prepared { name, evidence, prober, flow, allow } = self.prepare(&Policy::default()).await?;
        let audit = move || {
            let mut audit = Audit::of(name, evidence, now());
            (audit.prober, audit.flow, audit.allow) = (Some(prober), flow, allow);
            audit.run()
        };
        // Checks block while they wait for answers.
        Ok(tokio::task::spawn_blocking(audit).await?)
    }

    async fn prepare(&self, policy: &Policy) -> Result<Prepared, Failure> {
        let authorities = self.ca_file.as_deref().map(text_of).transpose()?;
        let mut evidence = Evidence::default();
        for file in &self.files {
            evidence.add_file(TextFile::new(file.display().to_string(), text_of(file)?));
        }
        let collector = Collector::new(authorities.as_deref(), now()).map_err(usage)?;
        collector.issuer(&self.issuer, &mut evidence).await.map_err(unreachable)?;
        let endpoint = |name: &str| {
            evidence
                .metadata
                .iter()
                .find_map(|document| document.json.text(name).map(str::to_owned))
                .unwrap_or_default()
        };
        let (token_endpoint, revocation_endpoint) = (endpoint("token_endpoint"), endpoint("revocation_endpoint"));
        let token = match (&self.token, &self.credentials) {
            (Some(token), _) => token.clone(),
            (None, Some(credentials)) => {
                let exchange = self.ask_for_token(&token_endpoint, credentials).await?;
                let token = token_in(&exchange);
                let status = exchange.status;
                evidence.add_exchange(exchange);
                token.ok_or_else(|| unreachable(format!("{token_endpoint} answers {status} and gives no token")))?
            }
            (None, None) => {
                return Err(usage("no client can get a token: --client ID --client-secret-file FILE, or --token"));
            }
        };
        let mut others = Vec::new();
        for stranger in &self.strangers {
            if let Some(text) = token_in(&self.ask_for_token(&token_endpoint, stranger).await?) {
                others.push(OtherToken { kind: "audience".to_owned(), text });
            }
        }
        let place = Place::of("a test token");
        evidence.add_token(Token::parse(&token, place).ok_or_else(|| usage("the token is no JWT"))?);
        let verify = self.guard.join(probity_guard::VERIFY_PATH).map_err(|error| usage(error.to_string()))?;
        let target = Target::get(verify.as_str()).map_err(usage)?;
        // What harms nobody here may hurt elsewhere.
        let here = target.is_loopback();
        let allow = Allow { active: true, oob: here, dos_probe: here, state_change: self.credentials.is_some() };
        let listener = if here {
            Some(Arc::new(Listener::start(SocketAddr::from(([127, 0, 0, 1], 0)), None).await?))
        } else {
            None
        };
        let live = LiveOptions {
            target,
            token,
            others,
            supplies: Supplies::default(),
            accept_when: Vec::new(),
            second: None,
            authorities: authorities.clone(),
            listener,
            connect_to: None,
            max_requests: MAX_REQUESTS,
            requests_per_second: REQUESTS_PER_SECOND,
            allow_dos_probe: here,
            marker: marker()?,
        };
        let runtime = tokio::runtime::Handle::current();
        let flow = self.credentials.as_ref().map(|credentials| {
            let file = flow_file(credentials, &token_endpoint, &revocation_endpoint, &verify);
            Flow::new(file, authorities.as_deref(), runtime.clone()).map_err(usage)
        });
        let flow = flow.transpose()?;
        let prober = Prober::new(live, &evidence, policy, now(), runtime).map_err(usage)?;
        Ok(Prepared { name: format!("{} and its guard", self.issuer), evidence, prober, flow, allow })
    }

    /// The client credentials grant (RFC 6749 section 4.4), recorded.
    async fn ask_for_token(
        &self,
        endpoint: &str,
        (client, secret): &(String, Zeroizing<String>),
    ) -> Result<Exchange, Failure> {
        let request = http_client(self.ca_file.as_deref())?.post(endpoint).basic_auth(client, Some(secret.as_str()));
        let answer = request.form(&[("grant_type", "client_credentials")]).send().await;
        let answer = answer.doing("asking for a token").or_kind(Kind::Unreachable)?;
        let headers = answer.headers().iter();
        Ok(Exchange {
            method: "POST".to_owned(),
            url: endpoint.to_owned(),
            status: answer.status().as_u16(),
            response_headers: headers
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            response_body: answer.text().await?,
            place: Place::of(endpoint),
            ..Exchange::default()
        })
    }
}

fn token_in(exchange: &Exchange) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(&exchange.response_body).ok()?;
    body.get("access_token").and_then(serde_json::Value::as_str).map(str::to_owned)
}

/// Gets a token, uses it, and revokes it.
fn flow_file((client, secret): &(String, Zeroizing<String>), token: &str, revocation: &str, verify: &Url) -> FlowFile {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    // RFC 6749 section 2.3.1: both halves are form-encoded first.
    let basic = to_base64(format!("{}:{}", encode(client), encode(secret)).as_bytes());
    let form = |url: &str, body: &str| {
        format!(
            "POST {url} HTTP/1.1\nAuthorization: Basic {basic}\nContent-Type: application/x-www-form-urlencoded\n\n{body}"
        )
    };
    let step = |request: String| Step { request, keep: BTreeMap::new(), success: vec![200] };
    let keep = BTreeMap::from([("access_token".to_owned(), "json:access_token".to_owned())]);
    let bearer = "Authorization: Bearer {{access_token}}";
    let steps = [
        ("login", Step { keep, ..step(form(token, "grant_type=client_credentials")) }),
        ("use", step(format!("GET {verify} HTTP/1.1\n{bearer}\n\n"))),
        ("revoke", step(form(revocation, "token={{access_token}}&level=enforced"))),
    ];
    FlowFile {
        scheme: "https".to_owned(),
        steps: steps.into_iter().map(|(name, step)| (name.to_owned(), step)).collect(),
        grace: 0,
        moments: vec![0],
    }
}

/// How many requests may be sent.
const MAX_REQUESTS: usize = 1_500;

/// How many requests may be sent in a second to another machine.
const REQUESTS_PER_SECOND: u32 = 20;
