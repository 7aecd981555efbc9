//! The authority's signing keys: made at the first start, sealed in the store, published as a JWK Set.

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, UnixTime};

use crate::domain::family::RefreshKey;
use crate::domain::master_key::{CannotOpen, MasterKey};
use crate::entropy::{self, NoEntropy};
use crate::store::{KeyState, Store, StoreError, StoredKey, Write, WriteError, add_sealed, move_key};

/// The algorithm of new keys.
pub(crate) const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::Es256;

/// The name under which the key of refresh tokens is sealed.
const REFRESH_KEY: &str = "refresh-token-key";

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
    /// There is no key in the store that signs.
    #[error("the store has no active signing key")]
    NoActiveKey,
}

/// The keys in use; readers take them without waiting.
#[derive(Debug)]
pub(crate) struct Keys {
    ring: ArcSwap<Ring>,
    master: MasterKey,
    refresh: RefreshKey,
}

/// The keys of one moment.
#[derive(Debug)]
pub(crate) struct Ring {
    /// Signs.
    pub(crate) active: SigningKey,
    /// Every key whose tokens are good.
    pub(crate) published: JwkSet,
    /// The same as a document.
    pub(crate) document: Bytes,
}

impl Keys {
    /// Loads the keys, and makes those that are not there yet.
    ///
    /// # Errors
    /// [`KeyError`]
    pub(crate) async fn load(store: &Store, master: MasterKey, now: UnixTime) -> Result<Self, KeyError> {
        if store.signing_keys().await?.is_empty() {
            store.apply(Write::from(new_key(&master)?.add(now))).await?;
        }
        let refresh = refresh_key(store, &master).await?;
        let ring = Ring::load(store, &master).await?;
        Ok(Self { ring: ArcSwap::from_pointee(ring), master, refresh })
    }

    /// The keys at this moment.
    pub(crate) fn current(&self) -> Arc<Ring> {
        self.ring.load_full()
    }

    /// The key of refresh tokens' MACs.
    pub(crate) const fn refresh(&self) -> &RefreshKey {
        &self.refresh
    }

    /// The part of a write that declares a key compromised: a new one takes its place if it was the one that signs.
    ///
    /// # Errors
    /// [`KeyError`]
    pub(crate) fn compromise(&self, kid: &str, write: Write, now: UnixTime) -> Result<Write, KeyError> {
        let is_active = self.current().active.key_id() == Some(kid);
        let from = if is_active { KeyState::Active } else { KeyState::Retiring };
        let write = write.and(move_key(kid, from, KeyState::Compromised));
        Ok(if is_active { write.and(new_key(&self.master)?.add(now)) } else { write })
    }

    /// Takes up what the store has now.
    ///
    /// # Errors
    /// [`KeyError`]
    pub(crate) async fn reload(&self, store: &Store) -> Result<(), KeyError> {
        self.ring.store(Arc::new(Ring::load(store, &self.master).await?));
        Ok(())
    }
}

impl Ring {
    async fn load(store: &Store, master: &MasterKey) -> Result<Self, KeyError> {
        let mut active = None;
        let mut documents = Vec::new();
        for stored in store.signing_keys().await? {
            if stored.state == KeyState::Compromised {
                continue;
            }
            let key = SigningKey::from_jwk(&master.open(&stored.kid, &stored.sealed)?)?;
            documents.extend(key.public_jwk());
            if stored.state == KeyState::Active {
                active = Some(key);
            }
        }
        let document = format!("{{\"keys\":[{}]}}", documents.join(","));
        Ok(Self {
            active: active.ok_or(KeyError::NoActiveKey)?,
            published: JwkSet::parse(document.as_bytes())?,
            document: document.into(),
        })
    }
}

/// A fresh key that signs, named by its thumbprint (RFC 7638).
fn new_key(master: &MasterKey) -> Result<StoredKey, KeyError> {
    let key = SigningKey::generate(ALGORITHM)?;
    let kid = key.thumbprint();
    let key = key.with_key_id(kid.as_str());
    let sealed = master.seal(&kid, key.to_jwk().as_bytes(), entropy::bytes()?);
    Ok(StoredKey { algorithm: key.algorithm().to_string(), state: KeyState::Active, kid, sealed })
}

async fn refresh_key(store: &Store, master: &MasterKey) -> Result<RefreshKey, KeyError> {
    if store.sealed(REFRESH_KEY).await?.is_none() {
        let bytes = zeroize::Zeroizing::new(entropy::bytes::<{ RefreshKey::BYTES }>()?);
        let sealed = master.seal(REFRESH_KEY, &bytes[..], entropy::bytes()?);
        store.apply(Write::from(add_sealed(REFRESH_KEY, &sealed))).await?;
    }
    let sealed = store.sealed(REFRESH_KEY).await?.unwrap_or_default();
    Ok(RefreshKey::new(&master.open(REFRESH_KEY, &sealed)?))
}
