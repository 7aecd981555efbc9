//! Verifying a JWS (RFC 7515 section 5.2).

use std::sync::Arc;

use super::compact::Parts;
use super::header::Header;
use super::known::Known;
use crate::algorithm::{AlgorithmSet, SignatureAlgorithm};
use crate::base64url;
use crate::error::Error;
use crate::jwk::{Candidates, JwkSet};
use crate::key::VerifyingKey;
use crate::limits::Limits;

/// What is accepted as a JWS. Immutable, cheap to share, and without any hidden default: the algorithms must be named.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// The algorithms that are allowed. The empty set allows nothing.
    pub algorithms: AlgorithmSet,
    /// How much is read before the signature has been verified.
    pub limits: Limits,
    /// The extensions that the caller understands and will honour when they stand in `crit`. `b64` is understood here.
    pub understood: Vec<String>,
    /// What to do when no key has the token's `kid`.
    pub unknown_key_id: UnknownKeyId,
}

/// What to do when no key of the set has the token's `kid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownKeyId {
    /// Refuse the token: [`Error::KeyNotFound`].
    #[default]
    Refuse,
    /// Try all keys of the token's algorithm, as if the token had no `kid`. For issuers that write a `kid` which is not
    /// that of their key set.
    TryAllKeys,
}

/// A JWS whose signature has been verified. Only a [`Verifier`] makes one.
#[derive(Debug, Clone)]
pub struct Verified {
    signature: VerifiedSignature,
    payload: Vec<u8>,
}

/// A signature that has been verified: with which header and which key.
#[derive(Debug, Clone)]
pub struct VerifiedSignature {
    header: Arc<Header>,
    key: VerifyingKey,
}

impl Verifier {
    /// A verifier that allows some algorithms.
    ///
    /// ```
    /// use probity_jose::{JwkSet, SignatureAlgorithm, jws};
    /// // RFC 8037 appendix A
    /// let keys = JwkSet::from_jwk(br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
    /// let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    /// let verified = jws::Verifier::new([SignatureAlgorithm::EdDsa]).verify(token, &keys)?;
    /// assert_eq!(verified.payload(), b"Example of Ed25519 signing");
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn new(algorithms: impl IntoIterator<Item = SignatureAlgorithm>) -> Self {
        Self {
            algorithms: algorithms.into_iter().collect(),
            limits: Limits::JWS,
            understood: Vec::new(),
            unknown_key_id: UnknownKeyId::Refuse,
        }
    }

    /// Verifies a compact JWS.
    ///
    /// # Errors
    /// `jws.*`, `json.*` and `base64url.*`: what is wrong with the token, or that no key fits.
    pub fn verify(&self, token: &str, keys: &JwkSet) -> Result<Verified, Error> {
        let mut payload = Vec::new();
        let signature = self.verify_in(token, keys, &mut payload)?;
        Ok(Verified { signature, payload })
    }

    /// Verifies a compact JWS as [`verify`](Self::verify) does, and puts its payload into a buffer, whose content is
    /// lost. Who keeps the buffer saves an allocation for each token.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); the buffer then holds nothing of use.
    ///
    /// ```
    /// use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, jws};
    /// let key = SigningKey::generate(SignatureAlgorithm::Es256)?;
    /// let token = jws::sign(&jws::NewHeader::default(), b"content", &key)?;
    /// let (verifier, keys) = (jws::Verifier::new([SignatureAlgorithm::Es256]), key.verifying_key()?.into());
    /// let mut payload = Vec::new();
    /// let signature = verifier.verify_in(&token, &keys, &mut payload)?;
    /// assert_eq!(payload, b"content");
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn verify_in(&self, token: &str, keys: &JwkSet, payload: &mut Vec<u8>) -> Result<VerifiedSignature, Error> {
        let parts = self.split(token)?;
        let verified = self.verify_compact(&parts, keys).and_then(|signature| {
            parts.read_payload(&signature.header, payload)?;
            Ok(signature)
        });
        verified.map_err(|error| parts.explain(error))
    }

    /// Verifies the signature of a compact JWS. A header that has led to a verified token before is not read again.
    fn verify_compact(&self, parts: &Parts<'_>, keys: &JwkSet) -> Result<VerifiedSignature, Error> {
        let signed = parts.signed.as_bytes();
        if let Some(known) = keys.known().find(parts.header) {
            self.check_header(&known.header)?;
            with_signature(parts.signature, |signature| known.key.verify(signed, signature))?;
            return Ok(VerifiedSignature { header: Arc::clone(&known.header), key: known.key.clone() });
        }
        let header = self.read_protected(parts.header)?;
        let candidates = self.candidates(&header, keys)?;
        let key = verify_with(&candidates, signed, parts.signature)?;
        let verified = VerifiedSignature { header: Arc::new(header), key };
        // Only what leads to this one key under any policy is worth remembering.
        if candidates.as_slice().len() == 1 && self.unknown_key_id == UnknownKeyId::Refuse {
            let known = Known { header: Arc::clone(&verified.header), key: verified.key.clone() };
            keys.known().remember(parts.header, known);
        }
        Ok(verified)
    }

    pub(crate) fn split<'t>(&self, token: &'t str) -> Result<Parts<'t>, Error> {
        if token.len() > self.limits.token_bytes {
            return Err(Error::TokenTooLarge);
        }
        Parts::split(token)
    }

    pub(crate) fn read_protected(&self, encoded: &str) -> Result<Header, Error> {
        Header::parse(&self.decode_header(encoded)?)
    }

    pub(crate) fn decode_header(&self, encoded: &str) -> Result<Vec<u8>, Error> {
        if base64url::decoded_len(encoded.len()) > self.limits.header_bytes {
            return Err(Error::HeaderTooLarge);
        }
        base64url::decode(encoded)
    }

    /// The keys that a header leads to, once its algorithm and its extensions are accepted.
    pub(crate) fn candidates<'s>(&self, header: &Header, keys: &'s JwkSet) -> Result<Candidates<'s>, Error> {
        self.check_header(header)?;
        let candidates = match keys.candidates(header) {
            Err(Error::KeyNotFound) if self.unknown_key_id == UnknownKeyId::TryAllKeys => {
                keys.all_for(header.algorithm())
            }
            found => found,
        }?;
        // RFC 7515 section 10.7: an `alg` that nobody has signed decides nothing. It may be accepted only from keys
        // that had this algorithm before.
        if header.is_algorithm_protected() || candidates.as_slice().iter().all(|key| key.is_bound()) {
            Ok(candidates)
        } else {
            Err(Error::HeaderUnprotected)
        }
    }

    fn check_header(&self, header: &Header) -> Result<(), Error> {
        if !self.algorithms.contains(header.algorithm()) {
            return Err(Error::AlgorithmNotAllowed);
        }
        // RFC 7515 section 4.1.11: what is not understood makes the JWS invalid.
        let understood = |name: &String| name == "b64" || self.understood.contains(name);
        if header.critical().iter().all(understood) { Ok(()) } else { Err(Error::CriticalUnknown) }
    }
}

impl Verified {
    /// The header.
    pub fn header(&self) -> &Header {
        &self.signature.header
    }

    /// The signed bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Takes the signed bytes.
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// The key that verified the signature.
    pub fn key(&self) -> &VerifyingKey {
        &self.signature.key
    }
}

impl VerifiedSignature {
    pub(super) fn new(header: Header, key: VerifyingKey) -> Self {
        Self { header: Arc::new(header), key }
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The key that verified the signature.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    pub(crate) fn into_parts(self) -> (Arc<Header>, VerifyingKey) {
        (self.header, self.key)
    }
}

/// The first key with which the signature is valid.
pub(crate) fn verify_with(candidates: &Candidates<'_>, signed: &[u8], signature: &str) -> Result<VerifyingKey, Error> {
    with_signature(signature, |signature| {
        let fitting = candidates.as_slice().iter().find(|key| key.verify(signed, signature).is_ok());
        fitting.map(|key| (*key).clone()).ok_or(Error::BadSignature)
    })
}

/// Decodes a signature where it needs no memory of its own, unless it is one of RSA or ML-DSA.
pub(super) fn with_signature<R>(text: &str, then: impl FnOnce(&[u8]) -> Result<R, Error>) -> Result<R, Error> {
    let mut buffer = [0; SHORT_SIGNATURE_BYTES];
    if base64url::decoded_len(text.len()) <= buffer.len() {
        then(base64url::decode_into(text, &mut buffer)?)
    } else {
        then(&base64url::decode(text)?)
    }
}

/// The longest signature of HMAC and of the curves: ES512.
const SHORT_SIGNATURE_BYTES: usize = 132;
