//! Sends requests, one after the other, and logs each.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use probity_jose::SigningKey;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::runtime::Handle;

use super::calibrate::{AcceptWhen, Blind, Class, Discriminator, Response};
use super::forge::{break_signature, to_forge_keys};
use super::plan::{Attempt, Plan};
use super::request::{Shot, Target};
use super::scene::{OtherToken, Scene};
use super::signer::Signer;
use super::wire;
use crate::Policy;
use crate::evidence::{Evidence, Json, Token};
use crate::outcome::{Outcome, Place, Proof, fail};
use crate::redact;
use crate::rule::Rule;
use crate::secrets::open_direct;

/// What a live audit needs.
#[derive(Debug)]
pub struct LiveOptions {
    /// The request.
    pub target: Target,
    /// A token that the endpoint accepts.
    pub token: String,
    /// What acceptance looks like, when it can't be learnt.
    pub accept_when: Vec<AcceptWhen>,
    /// Other tokens, which must be refused.
    pub others: Vec<OtherToken>,
    /// Keys that the operator supplies.
    pub supplies: Supplies,
    /// A second URL that takes the same token.
    pub second: Option<url::Url>,
    /// Certificate authorities to trust beside the system's, in PEM.
    pub authorities: Option<String>,
    /// How many requests may be sent in all.
    pub max_requests: usize,
    /// How many requests may be sent in a second.
    pub requests_per_second: u32,
    /// Whether bounded probes of exhaustion are permitted.
    pub allow_dos_probe: bool,
    /// The audit's name for itself in tokens: something random.
    pub marker: String,
}

/// Keys that the operator supplies.
#[derive(Debug, Default)]
pub struct Supplies {
    /// A key that the endpoint trusts.
    pub signer: Option<Signer>,
    /// The private half of a key that is published for encryption.
    pub wrong_use_signer: Option<Signer>,
    /// The key of another issuer that the endpoint trusts.
    pub other_issuer_signer: Option<Signer>,
    /// The shared key that the endpoint decrypts with.
    pub encryption_secret: Option<Vec<u8>>,
    /// The private JWK that a DPoP-bound token is bound to.
    pub dpop_key: Option<String>,
}

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

/// Sends what the rules want, within the budget.
#[derive(Debug)]
pub struct Prober {
    options: LiveOptions,
    scene: Arc<Scene>,
    policy: Policy,
    client: reqwest::Client,
    runtime: Handle,
    discriminator: Option<Discriminator>,
    log: Vec<Sent>,
    rule: &'static str,
    minted_works: Option<bool>,
    exhausted: bool,
    /// The calibration, in words.
    pub calibration: String,
    /// What the calibration proves by itself: that the endpoint ignores the token.
    pub ignores_token: bool,
    /// Whether a flipped signature was accepted during calibration.
    pub accepts_flipped: bool,
}

impl Prober {
    /// Prepares; sends nothing.
    ///
    /// # Errors
    /// A sentence: the token is no JWT, the certificate authorities can't be read, there is no randomness.
    pub fn new(
        options: LiveOptions,
        evidence: &Evidence,
        policy: &Policy,
        now: i64,
        runtime: Handle,
    ) -> Result<Self, String> {
        let mut valid = Token::parse(&options.token, Place::of("the valid token")).ok_or("the token is no JWT")?;
        if let Some(inside) =
            options.supplies.encryption_secret.as_deref().and_then(|key| open_direct(key, &valid.text))
        {
            // Forged content must look like the real one.
            let nested = Token::parse(&inside, Place::default()).map(|token| token.claims);
            valid.claims = nested.or_else(|| Json::parse(&inside)).unwrap_or(Json::Object(Vec::new()));
        }
        let mut client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .user_agent(USER_AGENT)
            .no_proxy();
        if let Some(pem) = &options.authorities {
            for certificate in
                reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(|error| error.to_string())?
            {
                client = client.add_root_certificate(certificate);
            }
        }
        let forgery_keys = forgery_keys()?;
        let scene = Scene {
            keys: evidence.keys().cloned().collect(),
            key_set_texts: evidence.key_sets.iter().map(|set| set.text.clone()).collect(),
            certificate: None,
            others: Vec::new(),
            supplies: Supplies::default(),
            forgery_keys,
            now,
            marker: options.marker.clone(),
            url: options.target.url.to_string(),
            carrier: options.target.carrier.clone(),
            changes_state: !options.target.is_idempotent(),
            valid,
        };
        let mut prober = Self {
            client: client.build().map_err(|error| error.to_string())?,
            scene: Arc::new(scene),
            policy: policy.clone(),
            runtime,
            discriminator: None,
            log: Vec::new(),
            rule: "",
            minted_works: None,
            exhausted: false,
            calibration: String::new(),
            ignores_token: false,
            accepts_flipped: false,
            options,
        };
        let others = core::mem::take(&mut prober.options.others);
        let supplies = core::mem::take(&mut prober.options.supplies);
        if let Some(scene) = Arc::get_mut(&mut prober.scene) {
            scene.others = others;
            scene.supplies = supplies;
        }
        Ok(prober)
    }

    /// Learns what acceptance looks like. `false` when it can't be told, with the reason in `calibration`.
    pub fn calibrate(&mut self) -> bool {
        self.rule = "calibration";
        if self.options.target.url.scheme() == "https" {
            let certificate = self.runtime.block_on(wire::certificate(&self.options.target.url));
            if let Some(scene) = Arc::get_mut(&mut self.scene) {
                scene.certificate = certificate;
            }
        }
        let token = self.options.token.clone();
        let broken = break_signature(&token);
        let ask = |prober: &mut Self, what: &str, shot: &Shot, times: usize| -> Vec<Response> {
            (0..times).map(|_| prober.exchange(what, shot).0).collect()
        };
        let valid = ask(self, "the valid token", &Shot::token(token), 3);
        if let Some(first) = valid.first().filter(|first| first.status == 0) {
            self.calibration = format!("the endpoint can't be reached: {}", first.body);
            return false;
        }
        let missing = ask(self, "no token", &Shot::bare(), 2);
        let garbage = ask(self, "garbage for a token", &Shot::token("garbage.for.token"), 2);
        let bad = [missing.clone(), garbage].concat();
        let flipped = ask(self, "the valid token with one bit of its signature flipped", &Shot::token(broken), 2);
        let accept_when = &self.options.accept_when;
        // A service that takes garbage for a good token is told by what it refuses; its rules will say the rest.
        let learnt = Discriminator::learn(&valid, &bad, accept_when).or_else(|blind| {
            let refused = [missing, flipped.clone()].concat();
            Discriminator::learn(&valid, &refused, accept_when).map_err(|_| blind)
        });
        match learnt {
            Ok(told) => {
                self.accepts_flipped = flipped.iter().all(|response| told.class(response) == Class::Accepted);
                self.calibration = format!("acceptance is told by {}", told.describe());
                for entry in &mut self.log {
                    let response = valid.iter().chain(&bad).chain(&flipped).nth(entry.number - 1);
                    entry.class = response.map_or(Class::Unclear, |response| told.class(response));
                }
                self.discriminator = Some(told);
                true
            }
            Err(blind) => {
                self.ignores_token = blind == Blind::Ignored;
                self.calibration = match blind {
                    Blind::ValidRefused(status) => {
                        format!("the token that should be valid is answered with {status}; give a fresh one")
                    }
                    Blind::Ignored => {
                        "the answer is the same with a valid token, with garbage and with none".to_owned()
                    }
                    Blind::Indistinct => {
                        "answers to valid and to bad tokens can't be told apart; say what an accepted \
                                          answer holds: --accept-when 'body~TEXT'"
                            .to_owned()
                    }
                    Blind::Unsteady => {
                        "the valid token is answered differently each time; say what an accepted answer \
                                        holds: --accept-when 'body~TEXT'"
                            .to_owned()
                    }
                };
                false
            }
        }
    }

    /// The circumstances.
    pub fn scene(&self) -> Arc<Scene> {
        Arc::clone(&self.scene)
    }

    /// The target.
    pub fn target(&self) -> &Target {
        &self.options.target
    }

    /// The thresholds.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether bounded probes of exhaustion are permitted.
    pub fn may_probe_exhaustion(&self) -> bool {
        self.options.allow_dos_probe
    }

    /// What was sent.
    pub fn log(&self) -> &[Sent] {
        &self.log
    }

    /// Names the rule that the next requests are for.
    pub fn begin(&mut self, rule: &'static Rule) {
        self.rule = rule.id;
    }

    /// Sends one request.
    pub fn send(&mut self, what: &str, shot: &Shot) -> Answer {
        let (response, milliseconds) = self.exchange(what, shot);
        let class = self.log.last().map_or(Class::Unclear, |sent| sent.class);
        let Response { status, headers, body } = response;
        Answer { number: self.log.len(), status, headers, body, class, milliseconds }
    }

    /// Whether an attempt is accepted, when that can be told.
    pub fn accepts(&mut self, attempt: &Attempt) -> Option<bool> {
        match self.send(&attempt.what, &attempt.shot).class {
            Class::Accepted => Some(true),
            Class::Refused => Some(false),
            Class::Unclear | Class::Limited => None,
        }
    }

    /// Sends the attempts of a plan, and says what they prove.
    pub fn carry_out(&mut self, plan: Plan) -> Outcome {
        let attempts = match plan {
            Plan::Skip(outcome) => return outcome,
            Plan::Attempts(attempts) => attempts,
            Plan::Signed(attempts) => {
                if !self.minted_token_works() {
                    return Outcome::inconclusive(
                        "a plain token signed with --signing-key is refused: is it the endpoint's key?",
                    );
                }
                attempts
            }
        };
        let mut accepted: Vec<(Attempt, Vec<usize>, bool)> = Vec::new();
        let mut unclear = Vec::new();
        let count = attempts.len();
        for attempt in attempts {
            let answer = self.send(&attempt.what, &attempt.shot);
            match answer.class {
                Class::Refused => continue,
                Class::Unclear | Class::Limited => {
                    unclear.push(format!("{} (status {})", attempt.what, answer.status));
                    continue;
                }
                Class::Accepted => {}
            }
            // Once may be chance.
            let again = self.send(&format!("{}, again", attempt.what), &attempt.shot);
            let mut numbers = vec![answer.number, again.number];
            let mut twin_accepted = false;
            if let Some(twin) = &attempt.twin {
                let twin = self.send(&format!("{}: its negative twin", attempt.what), twin);
                numbers.push(twin.number);
                twin_accepted = twin.class == Class::Accepted;
                if matches!(twin.class, Class::Unclear | Class::Limited) || (twin_accepted && !attempt.twin_is_forgery)
                {
                    unclear.push(format!("{}: accepted, but so was its twin", attempt.what));
                    continue;
                }
            }
            if again.class == Class::Accepted {
                accepted.push((attempt, numbers, twin_accepted));
            } else {
                unclear.push(format!("{}: accepted once, not twice", attempt.what));
            }
        }
        if !self.valid_still_works() && accepted.is_empty() {
            return Outcome::inconclusive("the valid token is not accepted any more: locked out, or rate limited");
        }
        if !accepted.is_empty() {
            return self.proven(accepted).into();
        }
        if unclear.is_empty() {
            return Outcome::passed(format!("{count} refused"));
        }
        Outcome::inconclusive(format!("neither accepted nor refused: {}", unclear.join("; ")))
    }

    fn proven(&self, accepted: Vec<(Attempt, Vec<usize>, bool)>) -> crate::outcome::Finding {
        let names: Vec<&str> = accepted.iter().map(|(attempt, _, _)| attempt.what.as_str()).collect();
        let shown = names.iter().take(4).copied().collect::<Vec<_>>().join("; ");
        let more = names.len().saturating_sub(4);
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        let mut finding = fail(format!("The endpoint accepted: {shown}{more}.")).proof(Proof::ProvenLive);
        if accepted.iter().all(|(attempt, _, _)| attempt.severity.is_some()) {
            finding.severity = accepted.iter().filter_map(|(attempt, _, _)| attempt.severity).max();
        }
        if accepted.iter().any(|(_, _, twin)| *twin) {
            finding = finding.fact("twin", "accepted too: the signature of such a token is not checked at all");
        } else {
            finding = finding.fact("twin", "refused: only this property opens the door");
        }
        for (attempt, _, _) in accepted.iter().take(4) {
            let token = attempt.shot.token.as_deref().unwrap_or_default();
            finding = finding.fact(attempt.what.clone(), without_signature(token));
        }
        finding.requests = accepted.into_iter().flat_map(|(_, numbers, _)| numbers).collect();
        finding.at(Place::of(self.scene.url.clone()))
    }

    /// Whether a plain token signed by the operator's key is accepted; asked once.
    pub fn minted_token_works(&mut self) -> bool {
        if let Some(known) = self.minted_works {
            return known;
        }
        let works = self.scene().minted().is_some_and(|minted| {
            let plain = minted.plain();
            self.accepts(&plain) == Some(true)
        });
        self.minted_works = Some(works);
        works
    }

    fn valid_still_works(&mut self) -> bool {
        let token = self.options.token.clone();
        self.send("the valid token, after the attempts", &Shot::token(token)).class == Class::Accepted
    }

    /// One request, paced and logged, and repeated when the server asks for patience.
    fn exchange(&mut self, what: &str, shot: &Shot) -> (Response, u128) {
        let mut tries = 0;
        loop {
            let (response, milliseconds) = self.once(what, shot);
            let wait = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
            let wait = wait.and_then(|(_, value)| value.parse::<u64>().ok()).unwrap_or(1);
            tries += 1;
            if response.status != 429 || tries > MAX_RETRIES || wait > MAX_RETRY_AFTER {
                return (response, milliseconds);
            }
            self.runtime.block_on(tokio::time::sleep(Duration::from_secs(wait)));
        }
    }

    fn once(&mut self, what: &str, shot: &Shot) -> (Response, u128) {
        let (method, url, headers, body) = shot.fire_at(&self.options.target);
        let mut entry = Sent {
            number: self.log.len() + 1,
            rule: self.rule,
            what: what.to_owned(),
            method: method.clone(),
            url: redact::tokens_in(url.as_str()),
            token: shot.token.as_deref().map(without_signature).unwrap_or_default(),
            status: 0,
            class: Class::Limited,
            response: String::new(),
        };
        if self.log.len() >= self.options.max_requests {
            self.exhausted = true;
            let body = "the budget of requests is used up (--max-requests)".to_owned();
            return (Response { body, ..Response::default() }, 0);
        }
        if self.options.requests_per_second > 0 && !self.options.target.is_loopback() {
            self.runtime.block_on(tokio::time::sleep(Duration::from_secs(1) / self.options.requests_per_second));
        }
        let started = now();
        let response = self.runtime.block_on(fetch(&self.client, &method, url, &headers, body));
        let milliseconds = started.elapsed().as_millis();
        let response = response.unwrap_or_else(|error| Response { body: error, ..Response::default() });
        entry.status = response.status;
        entry.class = match &self.discriminator {
            Some(told) => told.class(&response),
            None => Class::Unclear,
        };
        entry.response = shorten(&redact::tokens_in(&response.body));
        self.log.push(entry);
        (response, milliseconds)
    }

    /// Whether the budget ran out.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// A second URL that takes the same token.
    pub fn second_url(&self) -> Option<url::Url> {
        self.options.second.clone()
    }

    /// Seconds since 1970, read now.
    #[expect(clippy::disallowed_methods, reason = "the prober is the rim: proofs need the time at which they are sent")]
    pub fn wall_clock(&self) -> i64 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
    }

    /// The runtime, for checks below HTTP.
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

/// Keys that nobody trusts, made once: they need be new to the target only.
fn forgery_keys() -> Result<Arc<[SigningKey]>, String> {
    static KEYS: OnceLock<Arc<[SigningKey]>> = OnceLock::new();
    if let Some(keys) = KEYS.get() {
        return Ok(Arc::clone(keys));
    }
    let keys: Vec<SigningKey> = to_forge_keys()
        .into_iter()
        .map(SigningKey::generate)
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    Ok(Arc::clone(KEYS.get_or_init(|| keys.into())))
}

async fn fetch(
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
fn without_signature(token: &str) -> String {
    redact::readable(token)
        .unwrap_or_else(|| format!("{} characters, {}", token.len(), redact::fingerprint(token.as_bytes())))
}

fn shorten(text: &str) -> String {
    let short: String = text.chars().take(MAX_SHOWN).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

#[expect(clippy::disallowed_methods, reason = "the prober is the rim: it measures how long an answer takes")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// How long one response may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How much of a body is read, in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// How much of a body is kept in the log, in characters.
const MAX_SHOWN: usize = 300;

/// How often a request is repeated when the server answers 429.
const MAX_RETRIES: usize = 5;

/// The longest `Retry-After` that is waited for, in seconds.
const MAX_RETRY_AFTER: u64 = 30;

const USER_AGENT: &str = concat!("probity-audit/", env!("CARGO_PKG_VERSION"));
