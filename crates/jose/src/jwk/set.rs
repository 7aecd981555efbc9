//! JWK Sets (RFC 7517 section 5), and which of their keys fits a token.

use super::{Jwk, Members};
use crate::algorithm::SignatureAlgorithm;
use crate::error::Error;
use crate::json::{Document, Value};
use crate::jws::{Header, KnownHeaders};
use crate::key::VerifyingKey;
use crate::limits::{MAX_JWK_SET_BYTES, MAX_JWK_SET_KEYS, MAX_KEY_ATTEMPTS};

/// The keys of one issuer that can verify signatures, prepared.
///
/// A key that is broken, unknown or for something else never spoils the set: it is [`skipped`](Self::skipped).
#[derive(Debug, Clone, Default)]
pub struct JwkSet {
    keys: Vec<VerifyingKey>,
    skipped: Vec<SkippedKey>,
    /// All of this set's keys are one JWK, in one or several roles.
    sole: bool,
    known: KnownHeaders,
}

/// A key of a set that can't be used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedKey {
    /// `kid`, when it can be read.
    pub key_id: Option<String>,
    /// `alg`, when it can be read.
    pub algorithm: Option<String>,
    /// What is wrong with the key.
    pub reason: Error,
}

impl JwkSet {
    /// Reads a JWK Set.
    ///
    /// A secret in a set that also holds a public key is skipped: sets with public keys are published.
    ///
    /// # Errors
    /// When the set as a whole can't be read: [`Error::JwkSetMalformed`], [`Error::TooManyJwks`], `json.*`.
    ///
    /// ```
    /// use probity_jose::{Error, JwkSet};
    /// let set = JwkSet::parse(br#"{"keys":[
    ///     {"kty":"OKP","crv":"Ed25519","alg":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"1"},
    ///     {"kty":"NEW","kid":"2"}
    /// ]}"#)?;
    /// assert_eq!(set.keys().len(), 1);
    /// assert_eq!(set.skipped()[0].reason, Error::KeyTypeUnknown);
    /// # Ok::<(), Error>(())
    /// ```
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
        let is_secret = |key: &Value<'_>| key.member("kty").and_then(Value::as_str).is_some_and(|kty| kty == "oct");
        let secrets = listed.iter().filter(|key| is_secret(key)).count();
        let mixed = secrets != 0 && secrets != listed.len();
        let mut set = Self { sole: listed.len() == 1, ..Self::default() };
        for key in listed {
            let outcome =
                if mixed && is_secret(&key) { Err(Error::SecretAmongPublicKeys) } else { Self::read_key(key) };
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

    /// A set of one key, given as a JWK. Without a `kid` it fits tokens with any.
    ///
    /// # Errors
    /// Why the key can't verify signatures.
    ///
    /// ```
    /// use probity_jose::JwkSet;
    /// let set = JwkSet::from_jwk(br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
    /// // One for each name of the algorithm.
    /// assert_eq!(set.keys().len(), 2);
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn from_jwk(json: &[u8]) -> Result<Self, Error> {
        let keys = VerifyingKey::all_from(&Jwk::parse(json)?)?;
        Ok(Self { keys, sole: true, ..Self::default() })
    }

    /// The usable keys. A JWK without `alg` is listed once for each algorithm that it fits.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// The keys that can't be used.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    fn read_key(key: Value<'_>) -> Result<Vec<VerifyingKey>, Error> {
        VerifyingKey::all_from(&Jwk::read(Members::of(key)?)?)
    }

    /// The keys to try for a token.
    ///
    /// A `kid` selects exactly one key, which must be for the token's `alg`. A token without `kid` gets all keys of its
    /// `alg`.
    pub(crate) fn candidates(&self, header: &Header) -> Result<Candidates<'_>, Error> {
        let algorithm = header.algorithm();
        match header.key_id() {
            Some(key_id) => self.identified(algorithm, key_id).map(Candidates::One),
            None => self.all_for(algorithm),
        }
    }

    fn identified(&self, algorithm: SignatureAlgorithm, key_id: &str) -> Result<&VerifyingKey, Error> {
        let named = |key: &&VerifyingKey| match key.key_id() {
            Some(own) => own == key_id,
            // The caller chose this key, and it has no name that could differ.
            None => self.sole,
        };
        let mut fitting = self.keys.iter().filter(named).filter(|key| key.algorithm() == algorithm);
        let Some(first) = fitting.next() else {
            return Err(if self.keys.iter().any(|key| named(&key)) {
                Error::KeyAlgorithmMismatch
            } else {
                Error::KeyNotFound
            });
        };
        // RFC 7517 section 4.5 wants distinct identifiers. The same key twice does no harm, but a key that can't be
        // read may have been the one that is meant.
        let same = fitting.all(|other| other.thumbprint() == first.thumbprint());
        let unread = self.skipped.iter().any(|skipped| {
            skipped.key_id.as_deref() == Some(key_id) && skipped.algorithm.as_deref() == Some(algorithm.name())
        });
        if same && !unread { Ok(first) } else { Err(Error::KeyAmbiguous) }
    }

    /// All keys of an algorithm, whatever their identifiers.
    pub(crate) fn all_for(&self, algorithm: SignatureAlgorithm) -> Result<Candidates<'_>, Error> {
        let fitting: Vec<_> = self.keys.iter().filter(|key| key.algorithm() == algorithm).collect();
        match fitting.as_slice() {
            [] if self.sole && !self.keys.is_empty() => Err(Error::KeyAlgorithmMismatch),
            [] => Err(Error::KeyNotFound),
            [one] => Ok(Candidates::One(one)),
            several if several.len() > MAX_KEY_ATTEMPTS => Err(Error::TooManyKeys),
            _ => Ok(Candidates::Several(fitting)),
        }
    }

    pub(crate) fn known(&self) -> &KnownHeaders {
        &self.known
    }
}

impl From<VerifyingKey> for JwkSet {
    fn from(key: VerifyingKey) -> Self {
        Self { keys: vec![key], sole: true, ..Self::default() }
    }
}

impl FromIterator<VerifyingKey> for JwkSet {
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(keys: I) -> Self {
        let keys: Vec<_> = keys.into_iter().collect();
        Self { sole: keys.len() == 1, keys, ..Self::default() }
    }
}

/// Keys to try, in order.
#[derive(Debug)]
pub(crate) enum Candidates<'s> {
    One(&'s VerifyingKey),
    Several(Vec<&'s VerifyingKey>),
}

impl<'s> Candidates<'s> {
    /// The keys.
    pub(crate) fn as_slice(&self) -> &[&'s VerifyingKey] {
        match self {
            Self::One(key) => core::slice::from_ref(key),
            Self::Several(keys) => keys,
        }
    }
}
