//! The authority's signing keys: made at the first start, sealed in the store, published as a JWK Set, rotated.

mod ring;
mod sealing;

use std::sync::Arc;

use arc_swap::ArcSwap;
use probity_jose::{SigningKey, UnixTime};
use tokio::sync::Mutex;
use tracing::{info, warn};

use crate::domain::algorithm::PublicAlgorithm;
use crate::domain::audit_log::Event;
use crate::domain::family::RefreshKey;
use crate::domain::key_rotation::{KeyFacts, KeyRotation, KeyState, Step, compromise};
use crate::domain::master_key::{CannotOpen, MasterKey};
use crate::domain::server_secret::ServerSecret;
use crate::entropy::{self, NoEntropy};
use crate::store::{
    Applied, Conflict, Store, StoreError, StoredKey, Write, WriteError, delete_key, move_key, note_key,
};

pub(crate) use ring::Ring;
pub(crate) use sealing::change_master;
use sealing::{REFRESH_KEY, SERVER_SECRET, sealed};

/// How often a change of the keys is decided on anew when somebody else was faster.
const MAX_ATTEMPTS: usize = 8;

/// Why keys can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Another master key, or a changed store.
    #[error(transparent)]
    CannotOpen(#[from] CannotOpen),
    /// A key can't be made or read.
    #[error("a signing key can't be made or read: {0}")]
    Jose(#[from] probity_jose::Error),
    /// The store failed.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// The store failed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The system gives no randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// There is no key in the store that signs with an algorithm.
    #[error("the store has no active signing key for {0}")]
    NoActiveKey(PublicAlgorithm),
    /// No algorithm is configured.
    #[error("no signing algorithm is configured")]
    NoAlgorithm,
}

/// The keys in use; readers take them without waiting.
#[derive(Debug)]
pub(crate) struct Keys {
    ring: ArcSwap<Ring>,
    /// Held while the store is read for a new ring, so that no older one takes its place.
    changing: Mutex<()>,
    algorithms: Vec<PublicAlgorithm>,
    rotation: KeyRotation,
    master: MasterKey,
    refresh: RefreshKey,
    secret: ServerSecret,
}

impl Keys {
    /// Loads the keys, and makes those that are not there yet: one for each algorithm, of which the first is the default.
    ///
    /// # Errors
    /// [`KeyError`]
    pub(crate) async fn load(
        store: &Store,
        master: MasterKey,
        algorithms: &[PublicAlgorithm],
        rotation: KeyRotation,
        now: UnixTime,
    ) -> Result<Self, KeyError> {
        let refresh = RefreshKey::new(&sealed::<{ RefreshKey::BYTES }>(store, &master, REFRESH_KEY).await?);
        let secret = ServerSecret::new(&sealed::<{ ServerSecret::BYTES }>(store, &master, SERVER_SECRET).await?);
        let steps = rotation.steps(&facts(&store.signing_keys().await?), algorithms, now);
        store.apply(write_of(steps, &master, now)?).await?;
        let ring = ArcSwap::from_pointee(Ring::open(&store.signing_keys().await?, &master, algorithms)?);
        let algorithms = algorithms.to_vec();
        Ok(Self { ring, changing: Mutex::default(), algorithms, rotation, master, refresh, secret })
    }

    /// The keys at this moment.
    pub(crate) fn current(&self) -> Arc<Ring> {
        self.ring.load_full()
    }

    /// The algorithms that can be signed with; the first is the default.
    pub(crate) fn algorithms(&self) -> &[PublicAlgorithm] {
        &self.algorithms
    }

    /// The key of refresh tokens' MACs.
    pub(crate) const fn refresh(&self) -> &RefreshKey {
        &self.refresh
    }

    /// The secret of everything else that only this authority reads.
    pub(crate) const fn secret(&self) -> &ServerSecret {
        &self.secret
    }

    /// Does what is due: announces, replaces and deletes keys. Whether anything was.
    ///
    /// # Errors
    /// [`KeyError`]; nothing has changed then.
    pub(crate) async fn rotate(&self, store: &Store, now: UnixTime) -> Result<bool, KeyError> {
        let steps = self.rotation.steps(&facts(&store.signing_keys().await?), &self.algorithms, now);
        if steps.is_empty() {
            return Ok(false);
        }
        info!(?steps, "signing keys change");
        match store.apply(write_of(steps, &self.master, now)?).await {
            Ok(_) => {}
            // Somebody else has done it, or has declared one compromised: what is due now shows the next time.
            Err(WriteError::Conflict(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        self.reload(store).await?;
        Ok(true)
    }

    /// Declares a key compromised, together with the rest of a write: another one takes its place if it was one that signs.
    /// Nothing when there is no such key, or it is compromised already.
    ///
    /// # Errors
    /// [`KeyError`]; nothing has changed then.
    pub(crate) async fn compromise(
        &self,
        store: &Store,
        kid: &str,
        write: &Write,
        now: UnixTime,
    ) -> Result<Option<Applied>, KeyError> {
        let mut attempts = 0;
        let applied = loop {
            attempts += 1;
            // From the store, not from the ring: what somebody else has just done counts.
            let Some(steps) = compromise(&facts(&store.signing_keys().await?), kid) else {
                return Ok(None);
            };
            match store.apply(write.clone().and_other(write_of(steps, &self.master, now)?)).await {
                Ok(applied) => break applied,
                Err(WriteError::Conflict(Conflict::KeyMoved)) if attempts < MAX_ATTEMPTS => {}
                Err(error) => return Err(error.into()),
            }
        };
        self.drop_key(kid).await?;
        if let Err(error) = self.reload(store).await {
            // The next look at the store, within a minute, brings the new key.
            warn!(error = %error, "a compromised key is out of use, and the one in its place can't be read yet");
        }
        Ok(Some(applied))
    }

    /// Takes a key out of use at once, without asking the store.
    async fn drop_key(&self, kid: &str) -> Result<(), KeyError> {
        let _changing = self.changing.lock().await;
        self.ring.store(Arc::new(self.current().without(kid)?));
        Ok(())
    }

    /// Takes up what the store has now.
    ///
    /// # Errors
    /// [`KeyError`]
    pub(crate) async fn reload(&self, store: &Store) -> Result<(), KeyError> {
        let _changing = self.changing.lock().await;
        self.ring.store(Arc::new(Ring::open(&store.signing_keys().await?, &self.master, &self.algorithms)?));
        Ok(())
    }
}

fn facts(stored: &[StoredKey]) -> Vec<KeyFacts> {
    stored.iter().map(|stored| stored.facts.clone()).collect()
}

/// Steps as a write.
fn write_of(steps: Vec<Step>, master: &MasterKey, now: UnixTime) -> Result<Write, KeyError> {
    steps.into_iter().try_fold(Write::new(), |write, step| {
        let changed = |action, kid: &str, state: &str| Event::new("authority", action, kid).with(state);
        Ok(match step {
            Step::Make(algorithm, state) => {
                let key = new_key(algorithm, state, master, now)?;
                write.and(key.add()).logging(changed("key.made", &key.facts.kid, state.name()))
            }
            Step::Move(kid, from, to) => {
                write.and(move_key(&kid, from, to, now)).logging(changed("key.moved", &kid, to.name()))
            }
            Step::Note(kid) => write.and(note_key(&kid, now)),
            Step::Delete(kid, state) => {
                write.and(delete_key(&kid, state)).logging(changed("key.deleted", &kid, state.name()))
            }
        })
    })
}

/// A fresh key, named by its thumbprint (RFC 7638).
fn new_key(
    algorithm: PublicAlgorithm,
    state: KeyState,
    master: &MasterKey,
    now: UnixTime,
) -> Result<StoredKey, KeyError> {
    let key = SigningKey::generate(algorithm.get())?;
    let kid = key.thumbprint();
    let key = key.with_key_id(kid.as_str());
    let sealed = master.seal(&kid, key.to_jwk().as_bytes(), entropy::bytes()?);
    let facts = KeyFacts { algorithm: key.algorithm().to_string(), state, kid, created: now, moved: Some(now) };
    Ok(StoredKey { facts, sealed })
}
