//! The keys of a recipient, and which of them fits a JWE.

use std::sync::Arc;

use super::DecryptionKey;
use crate::error::Error;
use crate::json::{Document, Value};
use crate::jwe::decrypted::Origin;
use crate::jwe::header::Header;
use crate::jwk::{Jwk, Members, SkippedKey};
use crate::jws::KnownHeaders;
use crate::limits::{MAX_JWK_SET_BYTES, MAX_JWK_SET_KEYS};

/// The keys of one recipient that can decrypt, prepared.
///
/// A key that is broken, unknown or for something else never spoils the set: it is [`skipped`](Self::skipped).
#[derive(Debug, Clone, Default)]
pub struct DecryptionKeys {
    keys: Vec<DecryptionKey>,
    skipped: Vec<SkippedKey>,
    /// All of this set's keys are one JWK, in one or several roles.
    sole: bool,
    known: KnownHeaders<Arc<Origin>>,
}

impl DecryptionKeys {
    /// Reads a JWK Set of private keys and secrets.
    ///
    /// # Errors
    /// When the set as a whole can't be read: [`Error::JwkSetMalformed`], [`Error::TooManyJwks`], `json.*`.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        if json.len() > MAX_JWK_SET_BYTES {
            return Err(Error::JsonTooLarge);
        }
        let document = Document::parse(json)?;
        let listed = document.root().member("keys").and_then(Value::elements).ok_or(Error::JwkSetMalformed)?;
        let listed: Vec<_> = listed.collect();
        if listed.len() > MAX_JWK_SET_KEYS {
            return Err(Error::TooManyJwks);
        }
        let mut set = Self { sole: listed.len() == 1, ..Self::default() };
        for key in listed {
            let outcome = Members::of(key).and_then(Jwk::read).and_then(|jwk| DecryptionKey::all_from(&jwk));
            match outcome {
                Ok(keys) => set.keys.extend(keys),
                Err(reason) => {
                    let text = |name| key.member(name).and_then(Value::as_str).map(String::from);
                    set.skipped.push(SkippedKey { key_id: text("kid"), algorithm: text("alg"), reason });
                }
            }
        }
        Ok(set)
    }

    /// A set of one key, given as a private JWK. Without an `alg` it is for every algorithm that it fits, and without a
    /// `kid` it fits JWEs with any.
    ///
    /// # Errors
    /// Why the key can't decrypt.
    pub fn from_jwk(json: &[u8]) -> Result<Self, Error> {
        let keys = DecryptionKey::all_from(&Jwk::parse(json)?)?;
        Ok(Self { keys, sole: true, ..Self::default() })
    }

    /// The usable keys. A JWK without `alg` is listed once for each algorithm that it fits.
    pub fn keys(&self) -> &[DecryptionKey] {
        &self.keys
    }

    /// The keys that can't be used.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// The keys to try for a JWE.
    ///
    /// A `kid` selects exactly one key, which must be for the JWE's `alg`, and its `enc` when it is a secret for `dir`. A
    /// JWE without `kid` gets all keys that are.
    pub(crate) fn candidates(&self, header: &Header) -> Result<Vec<&DecryptionKey>, Error> {
        match header.key_id() {
            Some(key_id) => self.identified(header, key_id).map(|key| vec![key]),
            None => self.all_for(header),
        }
    }

    fn identified(&self, header: &Header, key_id: &str) -> Result<&DecryptionKey, Error> {
        let named = |key: &&DecryptionKey| match key.key_id() {
            Some(own) => own == key_id,
            // The caller chose this key, and it has no name that could differ.
            None => self.sole,
        };
        let mut fitting = self.keys.iter().filter(named).filter(|key| is_for(key, header));
        let Some(first) = fitting.next() else {
            let known = self.keys.iter().any(|key| named(&key));
            return Err(if known { Error::DecryptionKeyMismatch } else { Error::DecryptionKeyNotFound });
        };
        // RFC 7517 section 4.5 wants distinct identifiers. The same key twice does no harm.
        let mut others = fitting.peekable();
        if others.peek().is_none() {
            return Ok(first);
        }
        let thumbprint = first.thumbprint();
        if others.all(|other| other.thumbprint() == thumbprint) {
            Ok(first)
        } else {
            Err(Error::DecryptionKeyAmbiguous)
        }
    }

    /// All keys for a JWE, whatever their identifiers.
    pub(crate) fn all_for(&self, header: &Header) -> Result<Vec<&DecryptionKey>, Error> {
        let fitting: Vec<_> = self.keys.iter().filter(|key| is_for(key, header)).collect();
        match fitting.as_slice() {
            [] if self.sole && !self.keys.is_empty() => Err(Error::DecryptionKeyMismatch),
            [] => Err(Error::DecryptionKeyNotFound),
            _ => Ok(fitting),
        }
    }

    pub(crate) fn known(&self) -> &KnownHeaders<Arc<Origin>> {
        &self.known
    }
}

fn is_for(key: &DecryptionKey, header: &Header) -> bool {
    key.is_for(header.algorithm(), header.encryption())
}

impl From<DecryptionKey> for DecryptionKeys {
    fn from(key: DecryptionKey) -> Self {
        Self { keys: vec![key], sole: true, ..Self::default() }
    }
}

impl FromIterator<DecryptionKey> for DecryptionKeys {
    fn from_iter<I: IntoIterator<Item = DecryptionKey>>(keys: I) -> Self {
        let keys: Vec<_> = keys.into_iter().collect();
        Self { sole: keys.len() == 1, keys, ..Self::default() }
    }
}
