//! Forward authentication over HTTP: a proxy asks about each request before it passes it on.
//!
//! The answer is 200 with the identity headers, 401 or 403 with `WWW-Authenticate`, or 429 or 503 with `Retry-After`. Where a proxy
//! asks says how it names the original request: see [`Convention`].

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use probity_verifier::clock::{BootTime, boot_now, unix_now};
use probity_verifier::dpop::{Replay, UsedProofs};
use probity_verifier::{Introspection, Rejection, Trust, UnixTime, credentials};
use tracing::{Level, debug, enabled, info, warn};

use crate::decide::{Decision, Pass, Policy, Verdict, decide};
use crate::limit::{Buckets, Limit};
use crate::metrics::Metrics;
use crate::peer::Network;
use crate::question::{Convention, ITSELF_PREFIX, Question};
use crate::rule::Staleness;
use crate::{Refusal, ResourceMetadata};

/// Where a proxy asks that sends `X-Original-Method` and `X-Original-URI`.
pub const VERIFY_PATH: &str = "/verify";

/// Where a proxy asks that sends `X-Forwarded-Method` and `X-Forwarded-Uri`.
pub const FORWARD_AUTH_PATH: &str = "/forward-auth";

/// How often one decision may wait for something to be fetched: keys, then a status list.
const MAX_LESSONS: usize = 2;

/// The longest part of an original URI or method that goes into a log line.
const MAX_LOGGED_BYTES: usize = 200;

/// How long a guard waits for requests in flight when it stops.
pub const DRAIN: Duration = Duration::from_secs(5);

/// A guard in front of one application.
#[derive(Debug)]
pub struct Guard {
    trust: Arc<Trust>,
    policy: Policy,
    metadata: Option<ResourceMetadata>,
    metrics: Arc<Metrics>,
    used_proofs: Arc<Mutex<UsedProofs>>,
    buckets: Arc<Mutex<Buckets>>,
    /// When it started.
    since: UnixTime,
    /// Whether it has been told to stop.
    leaving: Arc<AtomicBool>,
}

/// A request that passes, and what happens to what lasts of it while the guard is stale.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) pass: Pass,
    pub(crate) stale: Staleness,
}

impl Guard {
    /// A guard that trusts an issuer and applies a policy. `metadata` is what it says of the resource (RFC 9728).
    pub fn new(trust: Arc<Trust>, policy: Policy, metadata: Option<ResourceMetadata>) -> Self {
        Self {
            trust,
            policy,
            metadata,
            metrics: Arc::default(),
            used_proofs: Arc::default(),
            buckets: Arc::default(),
            since: unix_now(),
            leaving: Arc::default(),
        }
    }

    /// The same guard with another configuration: what it has counted, which proofs were used and what is
    /// left of limits is not forgotten.
    pub fn reconfigured(&self, trust: Arc<Trust>, policy: Policy, metadata: Option<ResourceMetadata>) -> Self {
        Self {
            trust,
            policy,
            metadata,
            metrics: Arc::clone(&self.metrics),
            used_proofs: Arc::clone(&self.used_proofs),
            buckets: Arc::clone(&self.buckets),
            since: self.since,
            leaving: Arc::clone(&self.leaving),
        }
    }

    /// Says from now on that it is not ready, so that whoever balances load sends nobody any more. It goes on deciding.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// The same guard for whoever comes: its questions are the clients' own requests.
    pub(crate) fn for_everyone(&self) -> Self {
        let policy = Policy { proxies: Network::ALL.to_vec(), ..self.policy.clone() };
        self.reconfigured(Arc::clone(&self.trust), policy, self.metadata.clone())
    }

    pub(crate) const fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    pub(crate) const fn metadata(&self) -> Option<&ResourceMetadata> {
        self.metadata.as_ref()
    }

    pub(crate) const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Whether tokens can be accepted at this moment.
    pub fn is_ready(&self) -> bool {
        self.trust.is_ready()
    }

    /// Answers one HTTP request to the guard itself: a proxy's question, the resource's metadata, health and metrics.
    ///
    /// Among the request's extensions must be the peer's [`SocketAddr`], or every question is refused.
    pub async fn respond<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        let convention = match path {
            VERIFY_PATH => Convention::Original,
            FORWARD_AUTH_PATH => Convention::Forwarded,
            "/healthz" => return plain(StatusCode::OK, "ok\n"),
            "/readyz" if self.leaving.load(Ordering::Relaxed) => {
                return plain(StatusCode::SERVICE_UNAVAILABLE, "the guard is about to stop\n");
            }
            "/readyz" if self.is_ready() => return plain(StatusCode::OK, "ready\n"),
            "/readyz" => return plain(StatusCode::SERVICE_UNAVAILABLE, "revocations or keys are not current\n"),
            "/metrics" => return text(StatusCode::OK, self.metrics.render(&self.trust.health())),
            path if path.strip_prefix(ITSELF_PREFIX).is_some_and(|rest| rest.starts_with('/')) => Convention::Itself,
            path => {
                return match &self.metadata {
                    Some(metadata) if metadata.is_at(path) => json(StatusCode::OK, metadata.document()),
                    _ => plain(StatusCode::NOT_FOUND, "a proxy asks at /verify, /forward-auth or /ext-authz\n"),
                };
            }
        };
        let peer = request.extensions().get::<SocketAddr>().map(SocketAddr::ip);
        self.answer(&Question::read(convention, request.method(), request.uri(), request.headers()).from(peer)).await
    }

    async fn answer(&self, question: &Question<'_>) -> Response<Full<Bytes>> {
        match self.rule_on(question).await {
            Ok(admission) => accepted(admission.pass.identity),
            Err(refusal) => refused(&refusal, self.metadata.as_ref().map(ResourceMetadata::address)),
        }
    }

    /// Decides about a request, and counts and logs what was decided.
    pub(crate) async fn rule_on(&self, question: &Question<'_>) -> Result<Admission, Refusal> {
        let started = boot_now();
        let Decision { rule, verdict } = self.decide(question).await;
        let verdict = match verdict {
            Verdict::Introspect(pass) => self.introspect(pass).await,
            verdict => verdict,
        };
        let verdict = match verdict {
            Verdict::Pass(pass) => self.use_up_proof(pass),
            verdict => verdict,
        };
        let verdict = match (verdict, rule.and_then(|rule| rule.limit.as_ref())) {
            (Verdict::Pass(pass), Some(limit)) => self.count(limit, pass),
            (verdict, _) => verdict,
        };
        let stale = rule.map_or(Staleness::Closed, |rule| rule.stale);
        let rule = rule.map(|rule| rule.name.as_str());
        match verdict {
            Verdict::Pass(pass) | Verdict::Introspect(pass) => {
                self.metrics.passed(pass.stale_for.is_some());
                log_pass(question, rule, &pass, started);
                Ok(Admission { pass, stale })
            }
            Verdict::Refuse(refusal) => {
                self.metrics.refused(&refusal);
                log_refusal(question, rule, &refusal, started);
                Err(refusal)
            }
        }
    }

    /// Decides with the keys and status lists that are there; only a token of an unknown one makes this wait for others, and
    /// decide again.
    async fn decide(&self, question: &Question<'_>) -> Decision<'_> {
        let seen = boot_now();
        let mut decision = decide(&self.policy, question, |token| self.trust.judge_now(token), unix_now());
        for _ in 0..MAX_LESSONS {
            let Verdict::Refuse(Refusal::Rejected(missing)) = &decision.verdict else { break };
            let Ok(sent) = credentials(question.headers, question.target.unwrap_or_default()) else { break };
            if !self.trust.learn(sent.token, missing, seen).await {
                break;
            }
            decision = decide(&self.policy, question, |token| self.trust.judge_now(token), unix_now());
        }
        decision
    }

    /// When nothing else is against the request: a proof of possession counts once.
    fn use_up_proof(&self, pass: Pass) -> Verdict {
        let Some(proof) = &pass.proof else { return Verdict::Pass(pass) };
        // An older one may have been used in an earlier process.
        if proof.issued() < self.since {
            return Verdict::Refuse(Refusal::UsedProof);
        }
        let mut used = self.used_proofs.lock().unwrap_or_else(PoisonError::into_inner);
        match proof.use_up(&mut used, unix_now()) {
            Replay::First => Verdict::Pass(pass),
            Replay::Again => Verdict::Refuse(Refusal::UsedProof),
            Replay::Full => Verdict::Refuse(Refusal::ProofsFull),
        }
    }

    /// Last of all: only what would pass counts, or a thief's refused requests would use up what is its victim's.
    fn count(&self, limit: &Limit, pass: Pass) -> Verdict {
        let Some(token) = &pass.token else { return Verdict::Pass(pass) };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        match buckets.take(limit, token.issuer(), token.subject(), boot_now()) {
            Ok(()) => Verdict::Pass(pass),
            Err(wait) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Verdict::Refuse(Refusal::TooManyRequests { seconds })
            }
        }
    }

    /// Asks the authority about a token that nothing is known against.
    async fn introspect(&self, pass: Pass) -> Verdict {
        let Some(token) = &pass.token else {
            return Verdict::Refuse(Refusal::NoCredentials);
        };
        match self.trust.introspect(token).await {
            Introspection::Active => Verdict::Pass(pass),
            Introspection::Inactive => Verdict::Refuse(Refusal::Inactive),
            Introspection::Unknown => Verdict::Refuse(Rejection::Stale.into()),
        }
    }
}

/// A request that passes is the usual case, and costs a line only when somebody wants it.
fn log_pass(question: &Question<'_>, rule: Option<&str>, pass: &Pass, started: BootTime) {
    if let Some(stale_for) = pass.stale_for {
        let seconds = stale_for.as_secs();
        warn!(
            rule,
            path = path(question),
            stale_seconds = seconds,
            "a request was let through without knowing revocations"
        );
    }
    if enabled!(Level::DEBUG) {
        let token = pass.token.as_ref();
        debug!(
            verdict = "accepted",
            rule,
            method = method(question),
            path = path(question),
            client = token.and_then(|token| token.client()),
            jti = token.and_then(|token| token.id()),
            micros = micros_since(started),
            "a request was let through"
        );
    }
}

fn log_refusal(question: &Question<'_>, rule: Option<&str>, refusal: &Refusal, started: BootTime) {
    info!(
        verdict = refusal.code(),
        status = refusal.status().as_u16(),
        rule,
        method = method(question),
        path = path(question),
        peer = question.peer.filter(|_| *refusal == Refusal::UntrustedPeer).map(|peer: IpAddr| peer.to_string()),
        micros = micros_since(started),
        "a request was refused"
    );
}

fn micros_since(started: BootTime) -> u64 {
    u64::try_from(boot_now().since(started).as_micros()).unwrap_or(u64::MAX)
}

/// Without the query, which may hold what nobody should read.
fn path<'a>(question: &Question<'a>) -> &'a str {
    logged(question.target.and_then(|target| target.split('?').next()).unwrap_or_default())
}

fn method<'a>(question: &Question<'a>) -> &'a str {
    logged(question.method.unwrap_or_default())
}

fn logged(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_LOGGED_BYTES)).unwrap_or_default()
}

fn accepted(identity: HeaderMap) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.headers_mut() = identity;
    // The verdict holds for this moment only.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(crate) fn refused(refusal: &Refusal, metadata: Option<&str>) -> Response<Full<Bytes>> {
    let body = serde_json::json!({
        "error": refusal.error().unwrap_or("unauthorized"),
        "error_description": refusal.to_string(),
        "code": refusal.code(),
    });
    let mut response = json(refusal.status(), format!("{body}\n"));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(challenge) = refusal.challenge(metadata) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if let Some(seconds) = refusal.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn plain(status: StatusCode, sentence: &'static str) -> Response<Full<Bytes>> {
    text(status, sentence.to_owned())
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    of_type(status, "text/plain; charset=utf-8", body)
}

/// The body of an answer of the guard's own.
pub(crate) type Reply = Full<Bytes>;

/// An answer of the guard's own.
pub(crate) fn reply(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response<Reply> {
    of_type(status, media_type, body)
}

pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    of_type(status, "application/json", body)
}

fn of_type(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
