//! A running authority.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::http::{Request, Response};
use axum::body::Body;
use axum::{BoxError, Router};
use bytes::Bytes;
use probity_jose::UnixTime;
use probity_verifier::OwnTokens;
use probity_verifier::clock::{boot_now, unix_now};
use probity_verifier::revocation::{ClockWatch, LAPSE_GRACE_SECONDS, Position, SessionIndex, Writer};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tower::ServiceExt;
use tracing::{error, info, warn};
use url::Url;

use crate::client_certificates::Vouchers;
use crate::client_documents::ClientDocuments;
use crate::client_keys::FetchedKeys;
use crate::config::{
    AuthorityConfig, ClientCertificatesConfig, ClientConfig, ClientIdDocumentsConfig, ConfigError, RegistrationConfig,
};
use crate::domain::claims::Attributes;
use crate::domain::client::check::{Abilities, check_id};
use crate::domain::client::registration::RegistrationRules;
use crate::domain::client::{Client, MIN_CLIENT_SECRET_CHARS};
use crate::domain::family::REPEAT_SECONDS;
use crate::domain::lifetimes::{Lifetimes, MAX_ACCESS_TOKEN_SECONDS};
use crate::domain::master_key::MasterKey;
use crate::domain::password::{PasswordError, PasswordHash};
use crate::domain::refusals::Refusals;
use crate::domain::scope::Scope;
use crate::domain::secret::{PlainSecret, SecretHash, SecretKind};
use crate::domain::session::id_text;
use crate::domain::throttle::{Devices, Throttle};
use crate::domain::ticket::{MAX_UNDER_WAY_SECONDS, Tickets};
use crate::domain::user::{MAX_USERNAME_BYTES, User};
use crate::entropy::{self, NoEntropy};
use crate::http;
use crate::http::dpop::Dpop;
use crate::keys::{KeyError, Keys, change_master};
use crate::logout::keep_telling;
use crate::metrics::Metrics;
use crate::moment::TokenClock;
use crate::outbound::{Https, Outbound};
use crate::places::Places;
use crate::revocation::{History, Hub, MAX_EARLIER_LOGS, Timing};
use crate::store::{
    Opening, PostgresSite, RegisteredGuard, Site, Store, StoreError, Write, WriteError, begin_log, drop_expired_codes,
    drop_expired_devices, drop_expired_families, drop_expired_ids, drop_expired_pushed_requests,
    drop_expired_session_clients, drop_expired_sessions, drop_lapsed_revocations, drop_spent_registration_tokens,
};

/// How often what is over is dropped from the store.
const HOUSEKEEPING: Duration = Duration::from_mins(1);

/// How often an authority makes sure that its store is still its own, when it can be taken over.
const TENURE_CHECK: Duration = Duration::from_millis(500);

/// How many of the tokens that come back to the authority are remembered, so that a signature is checked once: a few
/// megabytes when all are in use.
const REMEMBERED_TOKENS: usize = 4_096;

/// How many passwords are hashed at once: each takes 19 MiB and a core.
const MAX_HASHES: usize = 2;

/// Why an authority can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration can't work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file that the configuration names can't be used.
    #[error("{file}: {reason}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// A user's password can't be used.
    #[error("users: {username}: {source}")]
    Password {
        /// Whose.
        username: String,
        /// What is wrong.
        source: PasswordError,
    },
    /// The system gives no randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// A running authority. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Authority {
    state: Arc<State>,
    router: Router,
    tasks: Arc<Tasks>,
}

/// What the endpoints share.
pub(crate) struct State {
    pub(crate) issuer: String,
    pub(crate) lifetimes: Lifetimes,
    /// The clients that the configuration file describes: only it changes them.
    pub(crate) configured_clients: BTreeSet<String>,
    /// What clients that register themselves may be; without it, none can.
    pub(crate) registration: Option<RegistrationRules>,
    /// Clients that describe themselves at the address that is their name; without it, none can.
    pub(crate) client_documents: Option<ClientDocuments>,
    pub(crate) store: Store,
    pub(crate) hub: Hub,
    pub(crate) clock: Arc<TokenClock>,
    pub(crate) keys: Keys,
    pub(crate) own_tokens: OwnTokens,
    pub(crate) tickets: Tickets,
    pub(crate) metrics: Metrics,
    pub(crate) places: Places,
    /// Clients may have to be told of it.
    pub(crate) sessions_ended: Notify,
    /// Asks addresses that clients name.
    pub(crate) outbound: Arc<dyn Outbound>,
    pub(crate) fetched_keys: FetchedKeys,
    /// Whose word counts for client certificates.
    pub(crate) vouchers: Option<Vouchers>,
    /// Whether client certificates are asked for.
    pub(crate) asks_for_certificates: bool,
    /// Where the endpoints are at which they are asked for, if not at the issuer: what takes the issuer's place.
    pub(crate) certified_base: Option<String>,
    /// Proofs of possession.
    pub(crate) dpop: Dpop,
    pub(crate) signed_lists: http::status_list::SignedLists,
    /// Failed logins.
    pub(crate) throttle: Mutex<Throttle>,
    pub(crate) devices: Devices,
    /// How many refused logins the audit log still takes.
    pub(crate) refusals: Mutex<Refusals>,
    /// Whether a proxy on this machine says where requests come from.
    pub(crate) behind_proxy: bool,
    /// A permit lets one password be hashed.
    pub(crate) hashing: Arc<Semaphore>,
}

impl State {
    /// What clients may build on.
    pub(crate) fn abilities(&self) -> Abilities<'_> {
        Abilities {
            algorithms: self.keys.algorithms(),
            certificates: self.asks_for_certificates,
            vouchers: self.vouchers.is_some(),
        }
    }
}

struct Tasks(Vec<JoinHandle<()>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl Authority {
    /// Opens the store, makes what is missing, applies the configuration, and starts to follow guards.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(config: &AuthorityConfig, master_key: MasterKey) -> Result<Self, StartError> {
        let outbound = &config.outbound;
        let trusted = outbound.ca_file.as_deref().map(trusted_for_requests).transpose()?.unwrap_or_default();
        let outbound = Arc::new(Https::new(outbound.allow_private_addresses, trusted));
        Self::start_with(config, master_key, outbound).await
    }

    /// The same with another way of asking addresses that clients name.
    pub(crate) async fn start_with(
        config: &AuthorityConfig,
        master_key: MasterKey,
        outbound: Arc<dyn Outbound>,
    ) -> Result<Self, StartError> {
        config.check()?;
        let certificates = config.client_certificates.as_ref();
        let vouchers = certificates.and_then(|certificates| certificates.ca_file.as_deref());
        let read_vouchers = |file: &Path| Vouchers::read(file).map_err(|reason| file_error(file, &reason));
        let vouchers = vouchers.map(read_vouchers).transpose()?;
        let registration = config.registration.as_ref().map(RegistrationConfig::rules).transpose()?;
        let client_documents = config.client_id_documents.as_ref().map(ClientIdDocumentsConfig::rules).transpose()?;
        let now = unix_now();
        let opening = open_store(config).await?;
        let horizon = horizon(now).max(opening.horizon().await?);
        let live = opening.live_revocations(horizon).await?;
        let log = Position { writer: Writer(entropy::bytes()?), term: opening.term(), seq: 0 };
        let history = History::new(log, opening.earlier_logs(MAX_EARLIER_LOGS).await?);
        let timing = if config.postgres.is_some() { Timing::SHARED } else { Timing::DEFAULT };
        let hub = Hub::start(&config.issuer, history, &live, horizon, timing);
        let (publisher, clock) = (hub.clone(), Arc::new(TokenClock::default()));
        let store = opening.start(log, Arc::clone(&clock), move |records| publisher.publish(records))?;
        store.apply(Write::from(begin_log(log))).await?;
        if let Some(file) = &config.previous_master_key_file {
            let previous = MasterKey::parse(&read_secret(file)?);
            let previous = previous.map_err(|error| file_error(file, &error.to_string()))?;
            change_master(&store, &previous, &master_key).await?;
        }
        let keys = Keys::load(&store, master_key, &config.signing_algorithms, config.key_rotation, now).await?;
        apply_config(config, &store, now).await?;
        let mut tasks = Tasks(vec![tokio::spawn(keep_house(store.clone(), hub.clone()))]);
        if !store.is_exclusive() {
            tasks.0.push(tokio::spawn(keep_tenure(store.clone(), hub.clone(), log.term)));
        }
        info!(issuer = config.issuer, revocations = hub.replica().len(), "the authority has started");
        let state = Arc::new(State {
            own_tokens: OwnTokens::new(&config.issuer, REMEMBERED_TOKENS),
            issuer: config.issuer.clone(),
            lifetimes: config.lifetimes,
            registration,
            client_documents: client_documents.map(ClientDocuments::new),
            configured_clients: config.clients.iter().map(|client| client.client_id.clone()).collect(),
            store,
            hub,
            clock,
            tickets: Tickets::new(keys.secret()),
            devices: Devices::new(keys.secret()),
            throttle: Mutex::default(),
            refusals: Mutex::default(),
            behind_proxy: config.plain_http,
            keys,
            metrics: Metrics::default(),
            places: Places::default(),
            sessions_ended: Notify::new(),
            outbound,
            fetched_keys: FetchedKeys::default(),
            vouchers,
            asks_for_certificates: certificates.is_some(),
            certified_base: certificates.and_then(|certificates| certified_base(&config.issuer, certificates)),
            dpop: Dpop::new(entropy::bytes()?, config.dpop.require_nonce, now),
            signed_lists: http::status_list::SignedLists::default(),
            hashing: Arc::new(Semaphore::new(MAX_HASHES)),
        });
        tasks.0.push(tokio::spawn(keep_keys(Arc::clone(&state))));
        tasks.0.push(tokio::spawn(keep_telling(Arc::clone(&state))));
        Ok(Self { router: http::router(Arc::clone(&state)), state, tasks: Arc::new(tasks) })
    }

    /// Answers one HTTP request.
    pub async fn respond<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: hyper::body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        match self.router.clone().oneshot(request.map(Body::new)).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    #[cfg(test)]
    pub(crate) const fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Waits until everything that was answered is on disk, and lets the store go. Call it when no request is served.
    pub async fn stop(self) {
        drop(self.tasks);
        drop(self.router);
        // Whoever has the store next waits for the leases that are given until here.
        self.state.hub.retire();
        self.state.store.close().await;
    }
}

/// Up to when records must have lapsed to be dropped: every verifier's leeway later.
const fn horizon(now: UnixTime) -> UnixTime {
    now.minus(LAPSE_GRACE_SECONDS)
}

/// Makes sure again and again that no other authority has taken over the store: guards that follow this one must not be told
/// that they are current when they are not.
async fn keep_tenure(store: Store, hub: Hub, term: u64) {
    let mut timer = tokio::time::interval(TENURE_CHECK);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        let asked = boot_now();
        match store.is_ours(term).await {
            Ok(true) => hub.tenured(asked),
            Ok(false) => {
                hub.retire();
                error!("another authority has taken over this store: this one lets no guard accept anything any more");
                return;
            }
            Err(error) => warn!(error = %error, "whether another authority has taken over can't be known"),
        }
    }
}

/// The moments at which to look after things, except those at which the wall clock was set: if it is wrong, it may be right
/// again the next time, and what is dropped or rotated is not to be had back.
struct Rounds {
    clocks: ClockWatch,
    timer: tokio::time::Interval,
}

impl Rounds {
    fn new() -> Self {
        Self { clocks: ClockWatch::new(), timer: tokio::time::interval(HOUSEKEEPING) }
    }

    async fn next(&mut self, work: &str) -> UnixTime {
        loop {
            self.timer.tick().await;
            let now = unix_now();
            match self.clocks.look(boot_now(), now) {
                None => return now,
                Some(step) => warn!(?step, work, "the wall clock was set: this is not done this time"),
            }
        }
    }
}

async fn keep_house(store: Store, hub: Hub) {
    let mut rounds = Rounds::new();
    loop {
        let now = rounds.next("dropping what is over").await;
        // A code is remembered as long as a token of its grant may live, so that a replay still finds the grant.
        let codes = now.minus(MAX_ACCESS_TOKEN_SECONDS);
        let write = Write::new()
            .and(drop_expired_codes(codes))
            .and(drop_expired_devices(codes))
            .and(drop_expired_session_clients(now))
            .and(drop_expired_ids(now))
            .and(drop_spent_registration_tokens(now))
            .and(drop_expired_pushed_requests(now.minus(MAX_UNDER_WAY_SECONDS)))
            .and(drop_expired_families(now.minus(REPEAT_SECONDS)))
            .and_all(drop_expired_sessions(horizon(now), SessionIndex::list_for(horizon(now))))
            .and_all(drop_lapsed_revocations(horizon(now)));
        match store.apply(write).await {
            Ok(_) => hub.replica().forget(horizon(now)),
            Err(error) => warn!(error = %error, "what is over could not be dropped from the store"),
        }
    }
}

/// Rotates the signing keys when their time has come.
async fn keep_keys(state: Arc<State>) {
    let mut rounds = Rounds::new();
    loop {
        let now = rounds.next("rotating keys").await;
        // Also when nothing is due: what could not be read the last time may be readable now.
        let done = match state.keys.rotate(&state.store, now).await {
            Ok(false) => state.keys.reload(&state.store).await,
            outcome => outcome.map(|_| ()),
        };
        if let Err(error) = done {
            warn!(error = %error, "the signing keys could not be looked after");
        }
    }
}

async fn open_store(config: &AuthorityConfig) -> Result<Opening, StartError> {
    if let Some(folder) = &config.data {
        return Ok(Opening::open(Site::Folder(folder)).await?);
    }
    let postgres = config.postgres.as_ref().ok_or(ConfigError::Store)?;
    let trusted = postgres.ca_file.as_deref().map(read_certificates).transpose()?;
    let connection = read_secret(&postgres.connection_file)?;
    let site = PostgresSite::new(&connection, trusted);
    let site = site.map_err(|reason| file_error(&postgres.connection_file, reason))?;
    Ok(Opening::open(Site::Postgres(&site)).await?)
}

fn read_certificates(path: &Path) -> Result<RootCertStore, StartError> {
    let mut trusted = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    for certificate in certificates.map_err(|error| file_error(path, &error.to_string()))? {
        trusted.add(certificate).map_err(|error| file_error(path, &error.to_string()))?;
    }
    if trusted.is_empty() { Err(file_error(path, "no certificate in the file")) } else { Ok(trusted) }
}

/// Where clients present certificates: the issuer's path at another address (RFC 8705 section 5).
fn certified_base(issuer: &str, certificates: &ClientCertificatesConfig) -> Option<String> {
    let path = Url::parse(issuer).ok()?.path().trim_end_matches('/').to_owned();
    Some(format!("{}{path}", certificates.url.as_deref()?.trim_end_matches('/')))
}

/// Certificates by which other servers are trusted, besides the system's.
fn trusted_for_requests(path: &Path) -> Result<Vec<reqwest::Certificate>, StartError> {
    let bundle = std::fs::read(path).map_err(|error| file_error(path, &error.to_string()))?;
    reqwest::Certificate::from_pem_bundle(&bundle).map_err(|error| file_error(path, &error.to_string()))
}

async fn apply_config(config: &AuthorityConfig, store: &Store, now: UnixTime) -> Result<(), StartError> {
    let mut write = Write::new();
    for client in &config.clients {
        write = write.and(configured_client(client)?.put());
    }
    for guard in &config.guards {
        let text = read_secret(&guard.credential_file)?;
        let credential = PlainSecret::hash_of(SecretKind::GuardCredential, &text);
        let credential =
            credential.map_err(|_| file_error(&guard.credential_file, "not a guard credential (pgc_...)"))?;
        write = write.and(RegisteredGuard { name: guard.name.clone(), credential }.put(now));
    }
    store.apply(write).await?;
    for user in &config.users {
        if user.username.is_empty() || user.username.len() > MAX_USERNAME_BYTES {
            return Err(file_error(Path::new("users"), "a username has no or too many bytes"));
        }
        if store.user(&user.username).await?.is_some() {
            continue;
        }
        let password = read_secret(&user.password_file)?;
        let salt = entropy::bytes()?;
        let failed = |source| StartError::Password { username: user.username.clone(), source };
        let password = tokio::task::spawn_blocking(move || PasswordHash::new(&password, salt)).await;
        let password = password.unwrap_or(Err(PasswordError::Failed)).map_err(failed)?;
        let subject = id_text(entropy::bytes()?);
        let attributes = Attributes::new(user.attributes.clone()).unwrap_or_default();
        let user = User { subject, username: user.username.clone(), password, attributes, disabled: false };
        store.apply(Write::from(user.add(now))).await?;
    }
    Ok(())
}

fn configured_client(config: &ClientConfig) -> Result<Client, StartError> {
    let refuse = |reason: &str| {
        StartError::Config(ConfigError::Client { client_id: config.client_id.clone(), reason: reason.to_owned() })
    };
    check_id(&config.client_id).map_err(|reason| refuse(&reason.to_string()))?;
    let secret = config.client_secret_file.as_deref().map(read_secret).transpose()?;
    if secret.as_deref().is_some_and(|secret| secret.chars().count() < MIN_CLIENT_SECRET_CHARS) {
        return Err(refuse("client_secret_file: a secret has at least 32 characters"));
    }
    let names = config.scopes.iter().map(String::as_str);
    Ok(Client {
        id: config.client_id.clone(),
        name: config.client_name.clone().unwrap_or_else(|| config.client_id.clone()),
        secret: secret.map(|secret| SecretHash::of(&secret)),
        grant_types: config.grant_types.clone(),
        redirect_uris: config.redirect_uris.clone(),
        scope: Scope::from_names(names).map_err(|error| refuse(&format!("scopes: {error}")))?,
        audience: config.audience.clone(),
        metadata: config.metadata.clone(),
        policy: config.policy.clone(),
    })
}

/// Reads a secret from a file: one line, without the line's end.
fn read_secret(path: &Path) -> Result<zeroize::Zeroizing<String>, StartError> {
    let text = std::fs::read_to_string(path).map_err(|error| file_error(path, &error.to_string()))?;
    let text = zeroize::Zeroizing::new(text);
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() || secret.contains(['\r', '\n']) {
        return Err(file_error(path, "expected one line with the secret"));
    }
    Ok(zeroize::Zeroizing::new(secret.to_owned()))
}

fn file_error(path: &Path, reason: &str) -> StartError {
    StartError::File { file: path.display().to_string(), reason: reason.to_owned() }
}
