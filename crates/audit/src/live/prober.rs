//! Sends requests, one after the other, and logs each.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use probity_jose::SigningKey;
use tokio::runtime::Handle;

use super::answer::{Answer, Sent, fetch, shorten, without_signature};
use super::discriminator::{Class, Discriminator, Response};
use super::forge::to_forge_keys;
use super::listener::{KEY_SET_PATH, Listener};
use super::options::{LiveOptions, Supplies};
use super::request::{Shot, Target};
use super::scene::Scene;
use crate::Policy;
use crate::evidence::{Evidence, Json, Token};
use crate::outcome::Place;
use crate::redact;
use crate::rule::Rule;
use crate::secrets::open_direct;

/// Sends what the rules want, within the budget.
#[derive(Debug)]
pub struct Prober {
    pub(super) options: LiveOptions,
    pub(super) scene: Arc<Scene>,
    policy: Policy,
    client: reqwest::Client,
    pub(super) runtime: Handle,
    pub(super) discriminator: Option<Discriminator>,
    pub(super) log: Vec<Sent>,
    pub(super) rule: &'static str,
    pub(super) minted_works: Option<bool>,
    exhausted: Option<&'static str>,
    timeouts: usize,
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
        if let Some(address) = options.connect_to {
            // The port is that of the URL.
            client = client.resolve(&options.target.host(), SocketAddr::new(address, 0));
        }
        if let Some(pem) = &options.authorities {
            for certificate in
                reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(|error| error.to_string())?
            {
                client = client.add_root_certificate(certificate);
            }
        }
        if let (Some(listener), Some(set)) = (&options.listener, evidence.key_sets.first()) {
            listener.offer(KEY_SET_PATH, set.text.clone());
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
            exhausted: None,
            timeouts: 0,
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

    /// The circumstances.
    pub fn scene(&self) -> Arc<Scene> {
        Arc::clone(&self.scene)
    }

    /// The target.
    pub fn target(&self) -> &Target {
        &self.options.target
    }

    /// Where the target's host is, when not where DNS says.
    pub fn connect_to(&self) -> Option<IpAddr> {
        self.options.connect_to
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

    /// One request, paced and logged, and repeated when the server asks for patience.
    pub(super) fn exchange(&mut self, what: &str, shot: &Shot) -> (Response, u128) {
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
            self.exhausted = Some("the budget of requests is used up: --max-requests");
        }
        if self.timeouts >= MAX_TIMEOUTS {
            self.exhausted = Some("the endpoint has kept requests waiting too often, so no more were sent");
        }
        if let Some(reason) = self.exhausted {
            return (Response { body: reason.to_owned(), ..Response::default() }, 0);
        }
        if self.options.requests_per_second > 0 && !self.options.target.is_loopback() {
            self.runtime.block_on(tokio::time::sleep(Duration::from_secs(1) / self.options.requests_per_second));
        }
        let started = now();
        let response = self.runtime.block_on(fetch(&self.client, &method, url, &headers, body));
        let milliseconds = started.elapsed().as_millis();
        self.timeouts += usize::from(response.is_err() && milliseconds >= TIMEOUT.as_millis());
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

    /// Why no more is sent, when that is so.
    pub fn exhausted(&self) -> Option<&'static str> {
        self.exhausted
    }

    /// A second URL that takes the same token.
    pub fn second_url(&self) -> Option<url::Url> {
        self.options.second.clone()
    }

    /// Where call-backs arrive.
    pub fn listener(&self) -> Option<Arc<Listener>> {
        self.options.listener.clone()
    }

    /// How long a call-back may take after the response: some verifiers fetch later.
    pub fn patience(&self) -> Duration {
        if self.options.target.is_loopback() { LOCAL_PATIENCE } else { PATIENCE }
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

#[expect(clippy::disallowed_methods, reason = "the prober is the rim: it measures how long an answer takes")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// How long one response may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// After so many requests without a whole answer in that time, no more are sent.
const MAX_TIMEOUTS: usize = 8;

/// How long a call-back is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// The same on this machine.
const LOCAL_PATIENCE: Duration = Duration::from_millis(300);

/// How often a request is repeated when the server answers 429.
const MAX_RETRIES: usize = 5;

/// The longest `Retry-After` that is waited for, in seconds.
const MAX_RETRY_AFTER: u64 = 30;

const USER_AGENT: &str = concat!("probity-audit/", env!("CARGO_PKG_VERSION"));
