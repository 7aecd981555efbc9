//! The half of a key that checks signatures.

use core::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::ParsedPublicKey;

use crate::algorithm::{Family, SignatureAlgorithm};
use crate::error::Error;
use crate::jwk::{Jwk, Material, Operation, Parameters};

/// A key that verifies signatures of exactly one algorithm.
///
/// It is prepared once, so that each verification costs no more than the signature itself. Cloning is cheap.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Inner>);

struct Inner {
    algorithm: SignatureAlgorithm,
    parameters: Parameters,
    material: Arc<Material>,
    thumbprint: String,
    prepared: Prepared,
    bound: bool,
}

enum Prepared {
    Mac(Box<hmac::Key>),
    Public(ParsedPublicKey),
}

impl VerifyingKey {
    /// A key from a JWK, for one algorithm. Of a private JWK only the public half is used.
    ///
    /// # Errors
    /// The `jwk.*` errors; [`Error::KeyAlgorithm`] when the JWK is for another algorithm, and [`Error::KeyUse`] when
    /// its `use` or `key_ops` do not allow to verify.
    ///
    /// ```
    /// use probity_jose::{SignatureAlgorithm, VerifyingKey};
    /// let jwk = br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// let key = VerifyingKey::from_jwk(jwk, SignatureAlgorithm::Ed25519)?;
    /// assert_eq!(key.algorithm(), SignatureAlgorithm::Ed25519);
    /// assert!(VerifyingKey::from_jwk(jwk, SignatureAlgorithm::Es256).is_err());
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn from_jwk(json: &[u8], algorithm: SignatureAlgorithm) -> Result<Self, Error> {
        Self::for_algorithm(&Jwk::parse(json)?, algorithm)
    }

    pub(crate) fn for_algorithm(jwk: &Jwk, algorithm: SignatureAlgorithm) -> Result<Self, Error> {
        if !Self::algorithms_of(jwk)?.contains(&algorithm) {
            jwk.material().check_fits(algorithm)?;
            return Err(Error::KeyAlgorithm);
        }
        Self::new(jwk, algorithm, true)
    }

    /// One key for each algorithm that the JWK fits.
    pub(crate) fn all_from(jwk: &Jwk) -> Result<Vec<Self>, Error> {
        let fitting = Self::algorithms_of(jwk)?;
        let bound = fitting.len() == 1;
        fitting.into_iter().map(|algorithm| Self::new(jwk, algorithm, bound)).collect()
    }

    fn algorithms_of(jwk: &Jwk) -> Result<Vec<SignatureAlgorithm>, Error> {
        if !jwk.parameters().allows(Operation::Verify) {
            return Err(Error::KeyUse);
        }
        jwk.signature_algorithms()
    }

    pub(crate) fn new(jwk: &Jwk, algorithm: SignatureAlgorithm, bound: bool) -> Result<Self, Error> {
        let material = Arc::clone(jwk.material());
        let mut parameters = Parameters::for_signatures(algorithm);
        parameters.key_id.clone_from(&jwk.parameters().key_id);
        let prepared = prepare(&material, algorithm)?;
        let thumbprint = material.thumbprint();
        Ok(Self(Arc::new(Inner { algorithm, parameters, material, thumbprint, prepared, bound })))
    }

    /// The only algorithm of this key.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm
    }

    /// `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.0.parameters.key_id.as_deref()
    }

    /// The RFC 7638 thumbprint with SHA-256, in base64url.
    pub fn thumbprint(&self) -> &str {
        &self.0.thumbprint
    }

    /// The public half as a JWK with `alg`, `use` and `kid`, or nothing when the key is a secret.
    pub fn to_jwk(&self) -> Option<String> {
        self.0.material.public_jwk(&self.0.parameters)
    }

    /// Whether the algorithm was fixed before the token was seen: the JWK names it, fits no other, or the caller said
    /// so.
    pub(crate) fn is_bound(&self) -> bool {
        self.0.bound
    }

    pub(super) fn material(&self) -> &Material {
        &self.0.material
    }

    /// Checks a signature over a message.
    ///
    /// # Errors
    /// [`Error::BadSignature`].
    ///
    /// ```
    /// use probity_jose::{Error, SignatureAlgorithm, SigningKey};
    /// let key = SigningKey::generate(SignatureAlgorithm::Es256)?.verifying_key()?;
    /// assert_eq!(key.verify(b"message", &[0; 64]), Err(Error::BadSignature));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let outcome = match &self.0.prepared {
            // Compares in constant time.
            Prepared::Mac(key) => hmac::verify(key, message, signature),
            // The fixed-length forms of ECDSA take exactly two halves of the curve's size (RFC 7518 section 3.4), and
            // Ed25519 refuses S of the group's order and above.
            Prepared::Public(key) => key.verify_sig(message, signature),
        };
        outcome.map_err(|_| Error::BadSignature)
    }

    /// Checks a signature over a message that has been hashed already.
    pub(crate) fn verify_digest(&self, digest: &Digest, signature: &[u8]) -> Result<(), Error> {
        match &self.0.prepared {
            Prepared::Mac(_) => Err(Error::NotStreamable),
            Prepared::Public(key) => key.verify_digest_sig(digest, signature).map_err(|_| Error::BadSignature),
        }
    }

    /// The beginning of a MAC, when this key is a secret.
    pub(crate) fn mac_context(&self) -> Option<hmac::Context> {
        match &self.0.prepared {
            Prepared::Mac(key) => Some(hmac::Context::with_key(key)),
            Prepared::Public(_) => None,
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

fn prepare(material: &Material, algorithm: SignatureAlgorithm) -> Result<Prepared, Error> {
    material.check_fits(algorithm)?;
    let parse = |algorithm, key: &[u8]| ParsedPublicKey::new(algorithm, key).map_err(|_| Error::KeyEncoding);
    Ok(match (material, algorithm.family()) {
        (Material::Oct(key), Family::Hmac(hash)) => Prepared::Mac(Box::new(hmac::Key::new(hash, key.secret()))),
        (Material::Rsa(key), Family::Rsa { verify, .. }) => {
            Prepared::Public(key.components().to_parsed_public_key(verify).map_err(|_| Error::KeyEncoding)?)
        }
        (Material::Ec(key), Family::Ecdsa { verify, .. }) => Prepared::Public(parse(verify, &key.point())?),
        (Material::Okp(key), Family::Ed25519) => Prepared::Public(parse(&aws_lc_rs::signature::ED25519, key.public())?),
        (Material::Akp(key), Family::MlDsa { verify, .. }) => Prepared::Public(parse(verify, key.public())?),
        _ => return Err(Error::KeyAlgorithm),
    })
}
