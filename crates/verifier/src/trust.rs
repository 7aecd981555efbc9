//! The rim: connects verifiers to an authority, and keeps keys and the replica current in the background.

use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderValue;
use probity_jose::jwt::Unverified;
use probity_jose::{SignatureAlgorithm, UnixTime};
use tokio::task::JoinHandle;
use tracing::warn;
use url::Url;

use crate::access_token::AccessToken;
use crate::changes::Changes;
use crate::clock::{BootTime, boot_now};
use crate::introspect::{Introspection, IntrospectionClient};
use crate::issuer::{Issuer, KeySource};
use crate::revocation::wire::Instance;
use crate::revocation::{
    Action, Endpoint, Enforcer, Follower, Lease, MAX_FOREIGN_TOKEN_SECONDS, Positions, Replica, Revocation,
    SnapshotClaims, SnapshotError, Target, VerifySnapshot, follow,
};
use crate::status_list::{StatusListError, StatusLists};
use crate::verify::{Freshness, Judged, Rejection, TokenVerifier};

/// How long one request of the control plane may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The most issuers beside the authority: each token that is not remembered is looked for at all of them.
pub const MAX_FOREIGN_ISSUERS: usize = 16;

/// How often a decision about one token may wait for something to be fetched.
const MAX_LESSONS: usize = 2;

/// How many verified tokens to remember when nothing speaks against it: of usual tokens, some 150 MB at most.
pub const REMEMBERED_TOKENS: usize = 100_000;

/// What a verifier needs to trust an issuer.
#[derive(Debug)]
pub struct TrustConfig {
    /// The issuer identifier, exactly as tokens carry it.
    pub issuer: String,
    /// The audiences of which tokens must name one.
    pub audiences: Vec<String>,
    /// The signature algorithms that are accepted.
    pub algorithms: Vec<SignatureAlgorithm>,
    /// How many verified tokens of each issuer are remembered, about: [`REMEMBERED_TOKENS`] is a good choice.
    pub remembered_tokens: usize,
    /// Where to reach the issuer when not at its own address; the path stays.
    pub authority: Option<Url>,
    /// Certificates (PEM) to trust instead of the platform's.
    pub certificate_authorities: Option<Vec<u8>>,
    /// The guard credential that the authority has registered.
    pub credential: String,
    /// As whom to ask about single tokens ([`Trust::introspect`]), if at all.
    pub introspection: Option<IntrospectionClient>,
    /// Which process this is; random at each start.
    pub instance: [u8; 16],
    /// Other issuers whose tokens are accepted, at most [`MAX_FOREIGN_ISSUERS`].
    pub foreign: Vec<ForeignIssuer>,
}

/// An issuer that has no revocation stream of its own: the authority says what of it is revoked, and its status lists.
#[derive(Debug)]
pub struct ForeignIssuer {
    /// The issuer identifier, exactly as tokens carry it.
    pub issuer: String,
    /// The audiences of which tokens must name one.
    pub audiences: Vec<String>,
    /// The signature algorithms that are accepted.
    pub algorithms: Vec<SignatureAlgorithm>,
    /// Certificates (PEM) to trust instead of the platform's.
    pub certificate_authorities: Option<Vec<u8>>,
    /// What the addresses of its status lists may begin with; its own origin when empty.
    pub status_lists: Vec<String>,
}

/// A configuration that can't work.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The certificates can't be read or the HTTP client can't be made.
    #[error("the HTTP client can't be made: {0}")]
    Client(#[from] reqwest::Error),
    /// The credential has characters that no header can carry.
    #[error("the guard credential can't be sent in a header")]
    Credential,
    /// A foreign issuer is the authority itself, or there twice, or there are too many.
    #[error("{0}: each issuer is there once, and at most {MAX_FOREIGN_ISSUERS} beside the authority")]
    Issuers(String),
}

/// A running connection to an authority, and the keys of every issuer that is trusted; dropping it stops its tasks.
#[derive(Debug)]
pub struct Trust {
    home: Issuer,
    foreign: Vec<Issuer>,
    enforcer: Enforcer,
    introspection: Option<IntrospectionClient>,
    tasks: Vec<JoinHandle<()>>,
    changes: Changes,
}

impl Trust {
    /// Starts following an authority. Returns at once: until keys and revocations are there, every token is rejected for
    /// now ([`Rejection::is_temporary`]).
    ///
    /// # Errors
    /// [`TrustError`] for what is wrong whatever the network does.
    pub fn start(config: TrustConfig) -> Result<Self, TrustError> {
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", config.credential)).map_err(|_| TrustError::Credential)?;
        authorization.set_sensitive(true);
        check_issuers(&config)?;
        let replica = Arc::new(Replica::new(config.issuer.as_str()));
        let lease = Arc::new(Lease::default());
        let verifier = |audiences: &[String], algorithms: &[SignatureAlgorithm]| {
            let (replica, lease) = (Arc::clone(&replica), Arc::clone(&lease));
            TokenVerifier::new(audiences, algorithms, config.remembered_tokens, replica, lease)
        };
        let source = Arc::new(KeySource::new(http_client(config.certificate_authorities.as_deref())?));
        let home = Issuer::new(verifier(&config.audiences, &config.algorithms), Arc::clone(&source));
        let (mut foreign, mut keepers) = (Vec::new(), Vec::new());
        for other in config.foreign {
            let source = Arc::new(KeySource::new(http_client(other.certificate_authorities.as_deref())?));
            let lists = StatusLists::new(other.status_list_prefixes(), other.algorithms.iter().copied());
            let verifier = verifier(&other.audiences, &other.algorithms);
            let verifier = verifier.of_foreign_issuer(&other.issuer, Arc::new(lists));
            foreign.push(Issuer::new(verifier, Arc::clone(&source)));
            keepers.push((source, other.issuer));
        }
        let follower = Follower::new(Instance(config.instance));
        let enforcer = Enforcer::new(Arc::clone(&replica), Arc::clone(&lease));
        let changes = Changes::new(enforcer.changes(), Arc::clone(&lease));
        let site =
            Site { issuer: config.issuer, authority: config.authority, authorization, algorithms: config.algorithms };
        // Nothing is started before nothing can fail any more.
        let keep = |(source, issuer): (Arc<KeySource>, String)| {
            tokio::spawn(async move { source.keep_current(&issuer).await })
        };
        let mut tasks: Vec<_> = keepers.into_iter().map(keep).collect();
        tasks.push(tokio::spawn(keep_current(source, site, follower, enforcer.clone())));
        Ok(Self { home, foreign, enforcer, introspection: config.introspection, tasks, changes })
    }

    /// Decides about one token. Only a token that names an unknown key or status list can make this wait, for one fetch.
    ///
    /// # Errors
    /// [`Rejection`]
    pub async fn check(&self, token: &str) -> Result<AccessToken, Rejection> {
        let judged = self.judge(token).await?;
        if judged.freshness == Freshness::Current { Ok(judged.token) } else { Err(Rejection::Stale) }
    }

    /// The same, but leaves it to the caller what to do with a good token while the replica is stale.
    ///
    /// # Errors
    /// [`Rejection`], but never [`Rejection::Stale`].
    pub async fn judge(&self, token: &str) -> Result<Judged, Rejection> {
        let seen = boot_now();
        let mut outcome = self.judge_now(token);
        // First the keys may be missing, then the status list.
        for _ in 0..MAX_LESSONS {
            match &outcome {
                Err(missing) if self.learn(token, missing, seen).await => outcome = self.judge_now(token),
                _ => break,
            }
        }
        outcome
    }

    /// Fetches what was missing when a token was rejected: the issuer's keys or its status list. True when it is worth
    /// judging the token anew. `seen` is a moment before it was judged.
    ///
    /// Many callers share one fetch, and strangers can't cause more than one in a while.
    pub async fn learn(&self, token: &str, missing: &Rejection, seen: BootTime) -> bool {
        let fetchable = missing.is_unknown_key() || *missing == Rejection::StatusList(StatusListError::Unknown);
        fetchable && self.issuer_of(token).learn(token, missing, seen, self.enforcer.replica()).await
    }

    /// Asks the authority whether it holds a token for active (RFC 7662): the way out while the replica is not current. A
    /// limited number of questions run at once; more are [`Introspection::Unknown`], and so is every foreign issuer's token.
    pub async fn introspect(&self, token: &AccessToken) -> Introspection {
        let KeySource { client, metadata, .. } = &*self.home.source;
        let endpoint = metadata.get().and_then(|metadata| metadata.introspection_endpoint.as_ref());
        match (endpoint, &self.introspection) {
            (Some(endpoint), Some(asker)) if token.issuer() == self.enforcer.replica().issuer() => {
                asker.ask(client, endpoint, token.text()).await
            }
            _ => Introspection::Unknown,
        }
    }

    /// The same with the keys that are there: nothing waits.
    ///
    /// # Errors
    /// [`Rejection`], but never [`Rejection::Stale`].
    pub fn judge_now(&self, token: &str) -> Result<Judged, Rejection> {
        self.issuer_of(token).judge(token)
    }

    /// By whose keys a token is to be judged: those of the issuer that it names, if it is trusted, else the authority's.
    fn issuer_of(&self, token: &str) -> &Issuer {
        if self.foreign.is_empty() || self.home.verifier.remembers(token) {
            return &self.home;
        }
        if let Some(issuer) = self.foreign.iter().find(|issuer| issuer.verifier.remembers(token)) {
            return issuer;
        }
        let said = Unverified::parse(token);
        let named = said.as_ref().ok().and_then(Unverified::issuer);
        self.foreign.iter().find(|issuer| Some(issuer.verifier.issuer()) == named).unwrap_or(&self.home)
    }

    /// Whether tokens of the authority can be accepted at this moment: keys are there and the replica is current.
    pub fn is_ready(&self) -> bool {
        let now = boot_now();
        self.home.source.cache.current(now).is_some() && self.enforcer.lease().holds(now)
    }

    /// The authority that users log in at: its metadata and its keys.
    pub(crate) const fn home(&self) -> &Issuer {
        &self.home
    }

    /// Refuses a session's tokens here from now on, as if the authority had revoked it: somebody else who may say so has.
    /// Streams that depend on one of them are woken. What the authority says later only adds to it.
    pub fn end_session(&self, session_id: &str, now: UnixTime) {
        self.refuse_here(Target::SessionId(session_id.to_owned()), now);
    }

    /// The same for one token.
    pub fn end_token(&self, token: &AccessToken, now: UnixTime) {
        if let Some(id) = token.id() {
            self.refuse_here(Target::Token(id.to_owned()), now);
        }
    }

    fn refuse_here(&self, target: Target, now: UnixTime) {
        let record = Revocation { issuer: None, target, expires: now.plus(MAX_FOREIGN_TOKEN_SECONDS) };
        // Nothing is sent, and to apply a record can't fail.
        let _ = self.enforcer.carry_out([Action::Apply(Arc::new(record))], |_| ());
    }

    pub(crate) fn watch(&self) -> Changes {
        self.changes.clone()
    }

    /// How replica and keys are at this moment, for people and their alarms.
    pub fn health(&self) -> Health {
        let now = boot_now();
        let until = self.enforcer.lease().until();
        let has_keys =
            |issuer: &Issuer| (issuer.verifier.issuer().to_owned(), issuer.source.cache.current(now).is_some());
        Health {
            lease_left: until.since(now),
            stale_for: (until != BootTime::default()).then(|| now.since(until)),
            applied: self.enforcer.applied(),
            revocations: self.enforcer.replica().len(),
            keys: std::iter::once(&self.home).chain(&self.foreign).map(has_keys).collect(),
        }
    }
}

/// How replica and keys are at some moment.
#[derive(Debug, Clone)]
pub struct Health {
    /// For how long the replica may still be trusted; zero when it is stale.
    pub lease_left: Duration,
    /// How long ago the lease ended; zero while it holds, nothing when there never was one.
    pub stale_for: Option<Duration>,
    /// How far each log was read when that was last acknowledged.
    pub applied: Arc<Positions>,
    /// How many revocations the replica holds.
    pub revocations: usize,
    /// Each issuer that is trusted, and whether its keys are there.
    pub keys: Vec<(String, bool)>,
}

impl Drop for Trust {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[derive(Debug)]
struct Site {
    issuer: String,
    authority: Option<Url>,
    authorization: HeaderValue,
    algorithms: Vec<SignatureAlgorithm>,
}

/// The issuer's keys, for the signatures of its snapshots.
struct SnapshotKeys {
    source: Arc<KeySource>,
    issuer: String,
    algorithms: Vec<SignatureAlgorithm>,
}

impl SnapshotKeys {
    fn verify_now(&self, signature: &str) -> Result<SnapshotClaims, SnapshotError> {
        let keys = self.source.cache.current(boot_now()).ok_or(probity_jose::Error::KeyNotFound)?;
        SnapshotClaims::verify(signature, &self.issuer, &keys, &self.algorithms)
    }
}

impl VerifySnapshot for SnapshotKeys {
    async fn verify(&self, signature: &str) -> Result<SnapshotClaims, SnapshotError> {
        let seen = boot_now();
        match self.verify_now(signature) {
            // The authority signs with a key that is newer than our set.
            Err(SnapshotError::Signature(error)) if Rejection::Invalid(error).is_unknown_key() => {
                self.source.refresh(seen, false).await;
                self.verify_now(signature)
            }
            outcome => outcome,
        }
    }
}

/// Finds the issuer's metadata, then keeps keys and replica current.
async fn keep_current(source: Arc<KeySource>, site: Site, follower: Follower, enforcer: Enforcer) {
    let metadata = source.find(&site.issuer, site.authority.as_ref()).await;
    let keys = source.cache.keep_current(&source.client, &metadata.jwks_uri);
    let Some(url) = metadata.revocation_stream_endpoint.clone() else {
        warn!(issuer = site.issuer, "the issuer has no revocation stream: no token will be accepted");
        return keys.await;
    };
    let endpoint = Endpoint { url, client: source.client.clone(), authorization: site.authorization };
    let snapshot_keys = SnapshotKeys { source: Arc::clone(&source), issuer: site.issuer, algorithms: site.algorithms };
    tokio::join!(keys, follow(endpoint, follower, enforcer, snapshot_keys));
}

/// Each issuer once, or it would be chance by which keys a token is judged.
fn check_issuers(config: &TrustConfig) -> Result<(), TrustError> {
    let mut known = vec![&config.issuer];
    for other in &config.foreign {
        if known.contains(&&other.issuer) || known.len() > MAX_FOREIGN_ISSUERS {
            return Err(TrustError::Issuers(other.issuer.clone()));
        }
        known.push(&other.issuer);
    }
    Ok(())
}

impl ForeignIssuer {
    fn status_list_prefixes(&self) -> Vec<String> {
        match Url::parse(&self.issuer) {
            Ok(url) if self.status_lists.is_empty() => vec![format!("{}/", url.origin().ascii_serialization())],
            _ => self.status_lists.clone(),
        }
    }
}

fn http_client(certificate_authorities: Option<&[u8]>) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("probity/", env!("CARGO_PKG_VERSION")))
        // The stream is an upgrade, which HTTP/2 does not have.
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT);
    builder = match certificate_authorities {
        Some(pem) => builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem)?),
        None => builder,
    };
    builder.read_timeout(REQUEST_TIMEOUT).build()
}
