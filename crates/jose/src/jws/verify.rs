//! Verifying a JWS (RFC 7515 section 5.2).

use std::sync::Arc;

use super::compact::Parts;
use super::header::Header;
use crate::algorithm::{AlgorithmSet, SignatureAlgorithm};
use crate::base64url;
use crate::error::Error;
use crate::jwk::JwkSet;
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
        if token.len() > self.limits.token_bytes {
            return Err(Error::TokenTooLarge);
        }
        let parts = Parts::split(token)?;
        self.verify_parts(&parts, keys).map_err(|error| parts.explain(error))
    }

    fn verify_parts(&self, parts: &Parts<'_>, keys: &JwkSet) -> Result<Verified, Error> {
        let (header, key) = self.verify_signature(parts.header, parts.signed.as_bytes(), parts.signature, keys)?;
        let payload = if header.is_payload_encoded() {
            base64url::decode(parts.payload)?
        } else {
            check_plain_payload(parts.payload)?;
            parts.payload.as_bytes().to_vec()
        };
        Ok(Verified { header, payload, key })
    }

    /// Verifies a signature over `signed`, and finds the header and the key on the way.
    fn verify_signature(
        &self,
        encoded_header: &str,
        signed: &[u8],
        signature: &str,
        keys: &JwkSet,
    ) -> Result<(Arc<Header>, VerifyingKey), Error> {
        if let Some(known) = keys.known().find(encoded_header) {
            self.check_header(&known.header)?;
            with_signature(signature, |signature| known.key.verify(signed, signature))?;
            return Ok((Arc::clone(&known.header), known.key.clone()));
        }
        if base64url::decoded_len(encoded_header.len()) > self.limits.header_bytes {
            return Err(Error::HeaderTooLarge);
        }
        let header = Arc::new(Header::parse(&base64url::decode(encoded_header)?)?);
        self.check_header(&header)?;
        let candidates = match keys.candidates(&header) {
            Err(Error::KeyNotFound) if self.unknown_key_id == UnknownKeyId::TryAllKeys => {
                keys.all_for(header.algorithm())?
            }
            found => found?,
        };
        let candidates = candidates.as_slice();
        let key = with_signature(signature, |signature| {
            let fitting = candidates.iter().find(|key| key.verify(signed, signature).is_ok());
            fitting.copied().ok_or(Error::BadSignature)
        })?;
        // Only what leads to this one key under any policy is worth remembering.
        if candidates.len() == 1 && self.unknown_key_id == UnknownKeyId::Refuse {
            keys.known().remember(encoded_header, &header, key);
        }
        Ok((header, key.clone()))
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

/// A JWS whose signature has been verified. Only a [`Verifier`] makes one.
#[derive(Debug, Clone)]
pub struct Verified {
    header: Arc<Header>,
    payload: Vec<u8>,
    key: VerifyingKey,
}

impl Verified {
    /// The protected header.
    pub fn header(&self) -> &Header {
        &self.header
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
        &self.key
    }

    pub(crate) fn into_parts(self) -> (Arc<Header>, Vec<u8>, VerifyingKey) {
        (self.header, self.payload, self.key)
    }
}

/// RFC 7797 section 5.2: an unencoded payload in the compact serialization is printable and has no dot.
pub(super) fn check_plain_payload(payload: &str) -> Result<(), Error> {
    let fits = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'.';
    if payload.bytes().all(fits) { Ok(()) } else { Err(Error::NotCompact) }
}

/// Decodes a signature where it needs no memory of its own, unless it is one of RSA or ML-DSA.
fn with_signature<R>(text: &str, then: impl FnOnce(&[u8]) -> Result<R, Error>) -> Result<R, Error> {
    let mut buffer = [0; SHORT_SIGNATURE_BYTES];
    if base64url::decoded_len(text.len()) <= buffer.len() {
        then(base64url::decode_into(text, &mut buffer)?)
    } else {
        then(&base64url::decode(text)?)
    }
}

/// The longest signature of HMAC and of the curves: ES512.
const SHORT_SIGNATURE_BYTES: usize = 132;
