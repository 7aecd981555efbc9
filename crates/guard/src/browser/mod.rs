//! The browser back end (RFC 10017): users log in here, tokens stay here, and a browser keeps one cookie that means nothing
//! elsewhere.
//!
//! The cookie is turned into its session's access token before anything is decided, so that the very same decision is made as
//! about a bearer token, on every request. `session`, `cross_site`, `return_to`, `cookie` and `login_state` are the decisions,
//! without I/O; `pages` are the back end's own addresses.
//!
//! There is no DPoP between guard and authority: a guard can't sign. What makes a stolen refresh token worthless is the
//! client's own secret.

mod config;
mod cookie;
mod cross_site;
mod login_state;
mod pages;
mod return_to;
mod session;
mod sessions;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HOST, HeaderMap, HeaderValue, LOCATION};
use http::request::Parts;
use http::{Response, StatusCode};
use probity_verifier::clock::unix_now;
use probity_verifier::{ClientError, RelyingParty, TokenAnswer, UnixTime};
use tokio::sync::Semaphore;
use tracing::{debug, info, warn};

pub use config::{BrowserConfig, BrowserPlan};

use crate::Refusal;
use crate::forward_auth::{Guard, Reply, reply};
use login_state::LoginKeys;
use return_to::ReturnTo;
use session::{Refreshed, Step, Tokens};
use sessions::{Entry, Key, Sessions};

/// The most authorization requests that are sent ahead at once: anybody can begin a login.
const MAX_PUSHES: usize = 64;

/// How soon after a login another one is not asked for, in seconds: an authority that can't fulfil what a rule wants would be
/// asked for ever.
const STEP_UP_PAUSE: u64 = 10;

/// How long an access token is used whose own end can't be read for now, in seconds.
const UNREAD_LIFE: u64 = 30;

/// How often sessions that are over are removed, in seconds.
const SWEEP_SECONDS: u64 = 60;

/// What outlives a change of the configuration: the sessions, and the keys of logins that have begun.
#[derive(Debug)]
pub struct BrowserMemory {
    sessions: Sessions,
    keys: LoginKeys,
    swept: AtomicU64,
}

/// The back end.
#[derive(Debug)]
pub(crate) struct Browsers {
    plan: BrowserPlan,
    client: Arc<RelyingParty>,
    guard: Arc<Guard>,
    memory: Arc<BrowserMemory>,
    pushes: Semaphore,
}

/// What a request's cookie came to.
#[derive(Debug, Default)]
pub(crate) struct Visit {
    session: Option<(Key, Arc<Entry>)>,
    /// Why the session does not speak for the request.
    instead: Option<Refusal>,
    /// The client brought a credential of its own: it is no browser that could log in.
    has_credential: bool,
}

impl BrowserMemory {
    /// An empty one. `random` is 64 bytes that nobody can guess.
    ///
    /// # Errors
    /// The keys can't be made.
    pub fn new(random: &[u8; 64]) -> Result<Self, Unspecified> {
        Ok(Self { sessions: Sessions::default(), keys: LoginKeys::new(random)?, swept: AtomicU64::new(0) })
    }

    /// Removes what is over, once in a while.
    fn sweep(&self, limits: &session::Limits, now: UnixTime) {
        let last = self.swept.load(Ordering::Relaxed);
        if now.as_secs() >= last.saturating_add(SWEEP_SECONDS) {
            self.swept.store(now.as_secs(), Ordering::Relaxed);
            self.sessions.sweep(limits, now);
            debug!(sessions = self.sessions.len(), "sessions that were over have been removed");
        }
    }
}

impl Browsers {
    pub(crate) fn new(plan: BrowserPlan, guard: Arc<Guard>, memory: Arc<BrowserMemory>) -> Self {
        let client = Arc::clone(&plan.client);
        Self { plan, client, guard, memory, pushes: Semaphore::new(MAX_PUSHES) }
    }

    /// Whether a path is one of the back end's own.
    pub(crate) fn has(&self, path: &str) -> bool {
        path.strip_prefix(&*self.plan.prefix).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Takes the cookie out of a request, and puts the access token of its session in its place.
    pub(crate) async fn admit(&self, parts: &mut Parts) -> Visit {
        let cookie = cookie::take(&mut parts.headers);
        let has_credential = parts.headers.contains_key(AUTHORIZATION);
        let mut visit = Visit { has_credential, ..Visit::default() };
        // A browser sends the cookie to each port of its host; only one of them is the application.
        let Some((key, entry)) = cookie.filter(|_| self.is_for_us(parts)).and_then(|value| self.find(&value)) else {
            return visit;
        };
        if has_credential {
            visit.instead = Some(Refusal::SeveralCredentials);
            return visit;
        }
        if !cross_site::is_own(&parts.method, &parts.headers, &self.plan.origin) {
            visit.instead = Some(Refusal::CrossSite);
            return visit;
        }
        match self.token(&entry).await {
            Step::Use(token) => {
                if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {token}")) {
                    value.set_sensitive(true);
                    parts.headers.insert(AUTHORIZATION, value);
                }
                visit.session = Some((key, entry));
            }
            Step::Over => _ = self.memory.sessions.remove(&key),
            Step::Wait | Step::Refresh(_) => visit.instead = Some(Refusal::SessionUnavailable),
        }
        visit
    }

    /// Whether two credentials came, whatever the rule says.
    pub(crate) fn refuses(visit: &Visit) -> Option<Refusal> {
        visit.instead.clone().filter(|refusal| *refusal == Refusal::SeveralCredentials)
    }

    /// What a browser is told whose request was refused: to log in, where that can help.
    pub(crate) fn turn_away(&self, parts: &Parts, visit: Visit, refusal: Refusal) -> Result<Response<Reply>, Refusal> {
        if let (Refusal::NoCredentials, Some(instead)) = (&refusal, visit.instead) {
            return Err(instead);
        }
        let begun = visit.session.as_ref().map(|(_, entry)| entry.with(|session| session.begun()));
        let (login_helps, max_age) = match &refusal {
            Refusal::NoCredentials | Refusal::Inactive => (true, None),
            Refusal::Rejected(rejection) => (!rejection.is_temporary(), None),
            Refusal::InsufficientAuthentication { max_age, .. } => {
                (begun.is_some_and(|begun| unix_now().since(begun) >= STEP_UP_PAUSE), *max_age)
            }
            _ => (false, None),
        };
        if let (true, Refusal::Rejected(_) | Refusal::Inactive, Some((key, _))) =
            (login_helps, &refusal, &visit.session)
        {
            self.memory.sessions.remove(key);
        }
        if visit.has_credential || !login_helps || !cross_site::is_navigation(&parts.method, &parts.headers) {
            return Err(refusal);
        }
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let return_to = ReturnTo::parse(target, &self.plan.prefix).unwrap_or_else(ReturnTo::root);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("return_to", return_to.as_str());
        if let Some(seconds) = max_age {
            query.append_pair("max_age", &seconds.to_string());
        }
        Ok(see_other(&format!("{}/login?{}", self.plan.prefix, query.finish())))
    }

    fn is_for_us(&self, parts: &Parts) -> bool {
        let host = match parts.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => parts.headers.get(HOST).and_then(|host| host.to_str().ok()),
        };
        host.is_some_and(|host| host.eq_ignore_ascii_case(&self.plan.host))
    }

    fn find(&self, cookie: &str) -> Option<(Key, Arc<Entry>)> {
        let key = key_of(cookie);
        self.memory.sessions.find(&key).map(|entry| (key, entry))
    }

    /// The token that speaks for a session. Of many requests that come while there must be another one, one fetches it; it does
    /// so to the end even when its browser has gone, since a refresh token counts once.
    async fn token(&self, entry: &Arc<Entry>) -> Step {
        let limits = &self.plan.limits;
        let step = entry.with(|session| {
            let now = unix_now();
            let step = session.step(limits, now);
            if step != Step::Over {
                session.touch(now);
            }
            step
        });
        if !matches!(step, Step::Refresh(_)) {
            return step;
        }
        let alone = Arc::clone(&entry.refreshing).lock_owned().await;
        if let Step::Refresh(refresh_token) = entry.with(|session| session.step(limits, unix_now())) {
            let (guard, client, entry) = (Arc::clone(&self.guard), Arc::clone(&self.client), Arc::clone(entry));
            let fetched = tokio::spawn(async move {
                let outcome = refresh(&guard, &client, &refresh_token).await;
                entry.with(|session| session.refreshed(outcome, unix_now()));
                drop(alone);
            });
            if fetched.await.is_err() {
                return Step::Wait;
            }
        }
        let now = unix_now();
        match entry.with(|session| (session.step(limits, now), session.tokens().clone())) {
            // It took so long that the next attempt would be due.
            (Step::Refresh(_), tokens) if now < tokens.expires => Step::Use(tokens.access),
            (step, _) => step,
        }
    }
}

async fn refresh(guard: &Guard, client: &RelyingParty, refresh_token: &str) -> Refreshed {
    match client.refresh(guard.trust(), refresh_token).await {
        Ok(answer) => match tokens_of(guard, answer).await {
            Ok(tokens) => Refreshed::Tokens(tokens),
            Err(code) => {
                warn!(code, "the authority gave a token that is not accepted here");
                Refreshed::Refused
            }
        },
        Err(ClientError::Refused(error)) => {
            info!(error = %printable(&error), "a browser's session is over: its refresh token is not taken any more");
            Refreshed::Refused
        }
        Err(error) => {
            warn!(error = %error, "a browser's session could not be refreshed");
            Refreshed::Unanswered
        }
    }
}

/// The tokens of an answer, if the access token is one that is accepted here; else why not.
async fn tokens_of(guard: &Guard, answer: TokenAnswer) -> Result<Tokens, &'static str> {
    let expires = match guard.trust().judge(&answer.access_token).await {
        Ok(judged) => judged.token.expires(),
        Err(rejection) if rejection.is_temporary() => unix_now().plus(UNREAD_LIFE),
        Err(rejection) => return Err(rejection.code()),
    };
    Ok(Tokens { access: answer.access_token.as_str().into(), expires, refresh: answer.refresh_token })
}

fn key_of(cookie: &str) -> Key {
    let mut key = [0; 32];
    // SHA-256 has 32 bytes.
    key.iter_mut().zip(digest(&SHA256, cookie.as_bytes()).as_ref()).for_each(|(to, from)| *to = *from);
    key
}

fn see_other(location: &str) -> Response<Reply> {
    let mut response = reply(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "");
    // Every part of it is either checked or encoded.
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Drops what an application sets under the cookie's name.
pub(crate) fn keep_cookie_ours(answer: &mut HeaderMap) {
    cookie::keep_ours(answer);
}

/// An error code of somebody else, for a log line or a page.
fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect()
}
