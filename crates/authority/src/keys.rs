//! The authority's signing keys: made at the first start, sealed in the store, published as a JWK Set.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use probity_jose::{JwkSet, SigningKey, UnixTime};

use crate::domain::algorithm::PublicAlgorithm;
use crate::domain::family::RefreshKey;
use crate::domain::master_key::{CannotOpen, MasterKey};
use crate::domain::server_secret::ServerSecret;
use crate::entropy::{self, NoEntropy};
use crate::store::{KeyState, Store, StoreError, StoredKey, Write, WriteError, add_sealed, move_key};

/// The name under which the key of refresh tokens is sealed.
const REFRESH_KEY: &str = "refresh-token-key";

/// The name under which the secret of everything else that only this authority reads is sealed.
const SERVER_SECRET: &str = "server-secret";

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
    algorithms: Vec<PublicAlgorithm>,
    master: MasterKey,
    refresh: RefreshKey,
    secret: ServerSecret,
}

/// The keys of one moment.
#[derive(Debug)]
pub(crate) struct Ring {
    /// Signs where nobody has chosen.
    default: SigningKey,
    /// Sign with the other algorithms, one each.
    others: Vec<SigningKey>,
    /// Every key whose tokens are good.
    pub(crate) published: JwkSet,
    /// The same as a document.
    pub(crate) document: Bytes,
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
        now: UnixTime,
    ) -> Result<Self, KeyError> {
        settle(store, &master, algorithms, now).await?;
        let refresh = RefreshKey::new(&sealed::<{ RefreshKey::BYTES }>(store, &master, REFRESH_KEY).await?);
        let secret = ServerSecret::new(&sealed::<{ ServerSecret::BYTES }>(store, &master, SERVER_SECRET).await?);
        let ring = Ring::load(store, &master, algorithms).await?;
        let algorithms = algorithms.to_vec();
        Ok(Self { ring: ArcSwap::from_pointee(ring), algorithms, master, refresh, secret })
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

    /// The part of a write that declares a key compromised: a new one takes its place if it was one that signs.
    ///
    /// # Errors
    /// [`KeyError`]
    pub(crate) fn compromise(&self, kid: &str, write: Write, now: UnixTime) -> Result<Write, KeyError> {
        let ring = self.current();
        let algorithm = ring.active().find(|key| key.key_id() == Some(kid)).map(SigningKey::algorithm);
        let from = if algorithm.is_some() { KeyState::Active } else { KeyState::Retiring };
        let write = write.and(move_key(kid, from, KeyState::Compromised));
        match algorithm.and_then(PublicAlgorithm::new) {
            Some(algorithm) => Ok(write.and(new_key(algorithm, &self.master)?.add(now))),
            None => Ok(write),
        }
    }

    /// Takes up what the store has now.
    ///
    /// # Errors
    /// [`KeyError`]
    pub(crate) async fn reload(&self, store: &Store) -> Result<(), KeyError> {
        self.ring.store(Arc::new(Ring::load(store, &self.master, &self.algorithms).await?));
        Ok(())
    }
}

impl Ring {
    /// The key that signs with an algorithm; the default one when nobody has chosen, or that is not one of ours any more.
    pub(crate) fn signer(&self, algorithm: Option<PublicAlgorithm>) -> &SigningKey {
        let wanted = algorithm.map(PublicAlgorithm::get);
        self.active().find(|key| Some(key.algorithm()) == wanted).unwrap_or(&self.default)
    }

    fn active(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.default).chain(&self.others)
    }

    async fn load(store: &Store, master: &MasterKey, algorithms: &[PublicAlgorithm]) -> Result<Self, KeyError> {
        let mut active = Vec::new();
        let mut documents = Vec::new();
        for stored in store.signing_keys().await? {
            if stored.state == KeyState::Compromised {
                continue;
            }
            let key = SigningKey::from_jwk(&master.open(&stored.kid, &stored.sealed)?)?;
            documents.extend(key.public_jwk());
            if stored.state == KeyState::Active {
                active.push(key);
            }
        }
        let mut take = |algorithm: &PublicAlgorithm| {
            let at = active.iter().position(|key: &SigningKey| key.algorithm() == algorithm.get());
            at.map(|at| active.swap_remove(at)).ok_or(KeyError::NoActiveKey(*algorithm))
        };
        let (default, others) = algorithms.split_first().ok_or(KeyError::NoAlgorithm)?;
        let default = take(default)?;
        let others = others.iter().map(take).collect::<Result<_, _>>()?;
        let document = format!("{{\"keys\":[{}]}}", documents.join(","));
        Ok(Self { default, others, published: JwkSet::parse(document.as_bytes())?, document: document.into() })
    }
}

/// Makes the keys that are missing, and retires those of algorithms that are not wanted any more.
async fn settle(
    store: &Store,
    master: &MasterKey,
    algorithms: &[PublicAlgorithm],
    now: UnixTime,
) -> Result<(), KeyError> {
    let mut write = Write::new();
    let stored = store.signing_keys().await?;
    let active = || stored.iter().filter(|key| key.state == KeyState::Active);
    for algorithm in algorithms.iter().filter(|wanted| active().all(|key| key.algorithm != wanted.name())) {
        write = write.and(new_key(*algorithm, master)?.add(now));
    }
    for key in active().filter(|key| algorithms.iter().all(|wanted| wanted.name() != key.algorithm)) {
        write = write.and(move_key(&key.kid, KeyState::Active, KeyState::Retiring));
    }
    store.apply(write).await?;
    Ok(())
}

/// A fresh key that signs, named by its thumbprint (RFC 7638).
fn new_key(algorithm: PublicAlgorithm, master: &MasterKey) -> Result<StoredKey, KeyError> {
    let key = SigningKey::generate(algorithm.get())?;
    let kid = key.thumbprint();
    let key = key.with_key_id(kid.as_str());
    let sealed = master.seal(&kid, key.to_jwk().as_bytes(), entropy::bytes()?);
    Ok(StoredKey { algorithm: key.algorithm().to_string(), state: KeyState::Active, kid, sealed })
}

/// A secret of the store by its name, made when it is not there yet.
async fn sealed<const BYTES: usize>(
    store: &Store,
    master: &MasterKey,
    name: &str,
) -> Result<zeroize::Zeroizing<Vec<u8>>, KeyError> {
    if store.sealed(name).await?.is_none() {
        let bytes = zeroize::Zeroizing::new(entropy::bytes::<BYTES>()?);
        store.apply(Write::from(add_sealed(name, &master.seal(name, &bytes[..], entropy::bytes()?)))).await?;
    }
    let sealed = store.sealed(name).await?.unwrap_or_default();
    Ok(master.open(name, &sealed)?)
}
