//! The keys of one moment.

use std::sync::Arc;

use bytes::Bytes;
use probity_jose::{JwkSet, SigningKey};

use super::KeyError;
use crate::domain::algorithm::PublicAlgorithm;
use crate::domain::key_rotation::KeyState;
use crate::domain::master_key::MasterKey;
use crate::store::StoredKey;

/// The keys of one moment.
#[derive(Debug)]
pub(crate) struct Ring {
    keys: Vec<RingKey>,
    /// Signs where nobody has chosen.
    default: PublicAlgorithm,
    /// Every key whose tokens are good, and those that will sign.
    pub(crate) published: JwkSet,
    /// The same as a document.
    pub(crate) document: Bytes,
}

/// A key and what it is used for.
#[derive(Debug, Clone)]
struct RingKey {
    kid: String,
    state: KeyState,
    key: Arc<SigningKey>,
}

impl Ring {
    /// The ring of what the store has.
    ///
    /// # Errors
    /// [`KeyError`]
    pub(super) fn open(
        stored: &[StoredKey],
        master: &MasterKey,
        algorithms: &[PublicAlgorithm],
    ) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        for stored in stored.iter().filter(|stored| stored.facts.state != KeyState::Compromised) {
            let kid = stored.facts.kid.clone();
            let key = Arc::new(SigningKey::from_jwk(&master.open(&kid, &stored.sealed)?)?);
            keys.push(RingKey { kid, state: stored.facts.state, key });
        }
        let ring = Self::of(keys, *algorithms.first().ok_or(KeyError::NoAlgorithm)?)?;
        for algorithm in algorithms {
            ring.signer(Some(*algorithm))?;
        }
        Ok(ring)
    }

    fn of(keys: Vec<RingKey>, default: PublicAlgorithm) -> Result<Self, KeyError> {
        let documents: Vec<String> = keys.iter().filter_map(|key| key.key.public_jwk()).collect();
        let document = format!("{{\"keys\":[{}]}}", documents.join(","));
        Ok(Self { keys, default, published: JwkSet::parse(document.as_bytes())?, document: document.into() })
    }

    /// The same ring without a key; what it signed with has another one only when there is one in the ring.
    ///
    /// # Errors
    /// [`KeyError`]
    pub(super) fn without(&self, kid: &str) -> Result<Self, KeyError> {
        Self::of(self.keys.iter().filter(|key| key.kid != kid).cloned().collect(), self.default)
    }

    /// The key that signs with an algorithm; the default one when nobody has chosen, or that is not one of ours any more.
    ///
    /// # Errors
    /// [`KeyError::NoActiveKey`] when it is compromised and no other is known yet.
    pub(crate) fn signer(&self, algorithm: Option<PublicAlgorithm>) -> Result<&SigningKey, KeyError> {
        let with = |wanted: PublicAlgorithm| {
            let mut active = self.keys.iter().filter(|key| key.state == KeyState::Active);
            active.find(|key| key.key.algorithm() == wanted.get()).map(|key| &*key.key)
        };
        algorithm.and_then(with).or_else(|| with(self.default)).ok_or(KeyError::NoActiveKey(self.default))
    }
}
