//! The rim: connects a verifier to an issuer, and keeps its keys and its replica current in the background.

use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderValue;
use probity_jose::{SignatureAlgorithm, UnixTime};
use tokio::task::JoinHandle;
use tracing::warn;
use url::Url;

use crate::access_token::AccessToken;
use crate::changes::Changes;
use crate::clock::{BootTime, boot_now, unix_now};
use crate::introspect::{Introspection, IntrospectionClient};
use crate::keys::KeyCache;
use crate::metadata::Metadata;
use crate::revocation::wire::Instance;
use crate::revocation::{
    Endpoint, Enforcer, Follower, Lease, Level, Replica, SnapshotClaims, SnapshotError, TokenFacts, VerifySnapshot,
    follow,
};
use crate::verify::{Freshness, Judged, Rejection, TokenVerifier};

/// How long one request of the control plane may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long after a failed look at the metadata the next one comes.
const METADATA_RETRY: Duration = Duration::from_secs(1);

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
    /// How many verified tokens are remembered, about: [`REMEMBERED_TOKENS`] is a good choice.
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
}

/// A running connection to an issuer; dropping it stops its task.
#[derive(Debug)]
pub struct Trust {
    verifier: TokenVerifier,
    replica: Arc<Replica>,
    lease: Arc<Lease>,
    source: Arc<KeySource>,
    introspection: Option<IntrospectionClient>,
    changes: Changes,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct KeySource {
    client: reqwest::Client,
    cache: KeyCache,
    metadata: tokio::sync::OnceCell<Metadata>,
}

impl Trust {
    /// Starts following an issuer. Returns at once: until keys and revocations are there, every token is rejected for
    /// now ([`Rejection::is_temporary`]).
    ///
    /// # Errors
    /// [`TrustError`] for what is wrong whatever the network does.
    pub fn start(config: TrustConfig) -> Result<Self, TrustError> {
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", config.credential)).map_err(|_| TrustError::Credential)?;
        authorization.set_sensitive(true);
        let client = http_client(config.certificate_authorities.as_deref())?;
        let replica = Arc::new(Replica::new(config.issuer.as_str()));
        let lease = Arc::new(Lease::default());
        let verifier = TokenVerifier::new(
            &config.audiences,
            &config.algorithms,
            config.remembered_tokens,
            Arc::clone(&replica),
            Arc::clone(&lease),
        );
        let source = Arc::new(KeySource { client, cache: KeyCache::default(), metadata: tokio::sync::OnceCell::new() });
        let follower = Follower::new(Instance(config.instance));
        let enforcer = Enforcer::new(Arc::clone(&replica), Arc::clone(&lease));
        let changes = Changes::new(enforcer.changes(), Arc::clone(&lease));
        let site =
            Site { issuer: config.issuer, authority: config.authority, authorization, algorithms: config.algorithms };
        let task = tokio::spawn(keep_current(Arc::clone(&source), site, follower, enforcer));
        Ok(Self { verifier, replica, lease, source, introspection: config.introspection, changes, task })
    }

    /// Decides about one token. Only a token that names an unknown key can make this wait, for one fetch of the keys.
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
        let first = self.judge_now(token);
        let unknown = first.as_ref().is_err_and(Rejection::is_unknown_key);
        if unknown && self.refresh_keys(seen).await { self.judge_now(token) } else { first }
    }

    /// Fetches the keys because a token names one that is not among them; true when they were fetched since `seen`. Many
    /// callers share one fetch, and strangers can't cause more than one in a while.
    pub async fn refresh_keys(&self, seen: BootTime) -> bool {
        let KeySource { client, cache, metadata } = &*self.source;
        match metadata.get() {
            Some(metadata) => {
                cache.refresh_for_unknown_key(client, &metadata.jwks_uri, seen, self.has_revoked_key()).await
            }
            None => false,
        }
    }

    /// Asks the issuer whether it holds a token for active (RFC 7662): the way out while the replica is not current. A
    /// limited number of questions run at once; more are [`Introspection::Unknown`].
    pub async fn introspect(&self, token: &str) -> Introspection {
        let endpoint = self.source.metadata.get().and_then(|metadata| metadata.introspection_endpoint.as_ref());
        match (endpoint, &self.introspection) {
            (Some(endpoint), Some(client)) => client.ask(&self.source.client, endpoint, token).await,
            _ => Introspection::Unknown,
        }
    }

    /// The same with the keys that are there: nothing waits.
    ///
    /// # Errors
    /// [`Rejection`], but never [`Rejection::Stale`].
    pub fn judge_now(&self, token: &str) -> Result<Judged, Rejection> {
        let keys = self.source.cache.current(boot_now()).ok_or(Rejection::NoKeys)?;
        self.verifier.judge(token, &keys, unix_now(), boot_now)
    }

    /// Whether a key of the current set has been revoked, so that the issuer's own set must be another one.
    fn has_revoked_key(&self) -> bool {
        let keys = self.source.cache.current(boot_now());
        let names = keys.iter().flat_map(|keys| keys.keys()).filter_map(|key| key.key_id());
        let is_revoked = |kid| {
            let facts = TokenFacts {
                issuer: self.replica.issuer(),
                key: Some(kid),
                subject: "",
                client: None,
                token: None,
                issued: UnixTime::from_secs(u64::MAX),
                expires: UnixTime::from_secs(u64::MAX),
                family: None,
                session_id: None,
                session: None,
            };
            self.replica.check(&facts) == Some(Level::Key)
        };
        names.into_iter().any(is_revoked)
    }

    /// Whether tokens can be accepted at this moment: keys are there and the replica is current.
    pub fn is_ready(&self) -> bool {
        let now = boot_now();
        self.source.cache.current(now).is_some() && self.lease.holds(now)
    }

    pub(crate) fn watch(&self) -> Changes {
        self.changes.clone()
    }

    /// How many revocations the replica holds.
    pub fn revocations(&self) -> usize {
        self.replica.len()
    }
}

impl Drop for Trust {
    fn drop(&mut self) {
        self.task.abort();
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
    jwks_uri: Url,
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
                let KeySource { client, cache, .. } = &*self.source;
                cache.refresh_for_unknown_key(client, &self.jwks_uri, seen, false).await;
                self.verify_now(signature)
            }
            outcome => outcome,
        }
    }
}

/// Finds the issuer's metadata, then keeps keys and replica current.
async fn keep_current(source: Arc<KeySource>, site: Site, follower: Follower, enforcer: Enforcer) {
    let metadata = loop {
        match Metadata::fetch(&source.client, &site.issuer, site.authority.as_ref()).await {
            Ok(metadata) => break metadata,
            Err(error) => {
                warn!(issuer = site.issuer, error = %error, "the issuer's metadata is not available");
                tokio::time::sleep(METADATA_RETRY).await;
            }
        }
    };
    // Only this task sets it, once.
    let _ = source.metadata.set(metadata.clone());
    let keys = source.cache.keep_current(&source.client, &metadata.jwks_uri);
    let Some(url) = metadata.revocation_stream_endpoint else {
        warn!(issuer = site.issuer, "the issuer has no revocation stream: no token will be accepted");
        return keys.await;
    };
    let endpoint = Endpoint { url, client: source.client.clone(), authorization: site.authorization };
    let snapshot_keys = SnapshotKeys {
        source: Arc::clone(&source),
        issuer: site.issuer,
        algorithms: site.algorithms,
        jwks_uri: metadata.jwks_uri.clone(),
    };
    tokio::join!(keys, follow(endpoint, follower, enforcer, snapshot_keys));
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
