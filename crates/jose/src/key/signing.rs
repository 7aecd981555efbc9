//! The half of a key that signs.

use core::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, PqdsaKeyPair, RsaEncoding};
use aws_lc_rs::{hmac, rsa};
use zeroize::Zeroizing;

use super::VerifyingKey;
use crate::algorithm::{Family, SignatureAlgorithm};
use crate::error::Error;
use crate::jwk::{AkpKey, EcKey, Jwk, Material, OctKey, OkpKey, Operation, Parameters, RsaKey};

/// A key that signs with exactly one algorithm: a private key, or a secret for HMAC.
///
/// It does not print its private half, and overwrites it when dropped.
pub struct SigningKey {
    algorithm: SignatureAlgorithm,
    parameters: Parameters,
    material: Arc<Material>,
    prepared: Prepared,
    known_header: KnownHeader,
}

/// The encoded header of the first kind of token that a key has signed.
#[derive(Default)]
pub(crate) struct KnownHeader(OnceLock<(Box<str>, Box<str>)>);

impl KnownHeader {
    pub(crate) fn find(&self, typ: &str) -> Option<&str> {
        self.0.get().filter(|(known, _)| **known == *typ).map(|(_, header)| &**header)
    }

    pub(crate) fn remember(&self, typ: &str, header: &str) {
        // Another thread may have been faster: then its header stays.
        let _ = self.0.set((typ.into(), header.into()));
    }
}

enum Prepared {
    Mac(Box<hmac::Key>),
    Rsa(rsa::KeyPair, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
}

impl SigningKey {
    /// A new key. RSA keys get 2,048 bits; see [`generate_rsa`](Self::generate_rsa) for larger ones.
    ///
    /// # Errors
    /// [`Error::Crypto`] when there is no randomness.
    ///
    /// ```
    /// use probity_jose::{SignatureAlgorithm, SigningKey};
    /// let key = SigningKey::generate(SignatureAlgorithm::Es256)?.with_key_id("2026-11");
    /// assert!(key.public_jwk().unwrap().contains("2026-11"));
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn generate(algorithm: SignatureAlgorithm) -> Result<Self, Error> {
        let material = match algorithm.family() {
            Family::Hmac(hash) => Material::Oct(OctKey::new(random(hash.tag_len())?)?),
            Family::Rsa { .. } => Material::Rsa(RsaKey::generate(KeySize::Rsa2048)?),
            Family::Ecdsa { curve, .. } => Material::Ec(EcKey::generate(curve)?),
            Family::Ed25519 => Material::Okp(OkpKey::generate_ed25519()?),
            Family::MlDsa { .. } => Material::Akp(AkpKey::from_seed(algorithm, &random(ML_DSA_SEED_BYTES)?)?),
        };
        Self::from_material(material, algorithm)
    }

    /// A new RSA key of a size.
    ///
    /// # Errors
    /// [`Error::KeyAlgorithm`] when the algorithm is not one of RSA; [`Error::Crypto`].
    ///
    /// ```no_run
    /// use probity_jose::{KeySize, SignatureAlgorithm, SigningKey};
    /// let key = SigningKey::generate_rsa(SignatureAlgorithm::Ps256, KeySize::Rsa4096)?;
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn generate_rsa(algorithm: SignatureAlgorithm, size: KeySize) -> Result<Self, Error> {
        match algorithm.family() {
            Family::Rsa { .. } => Self::from_material(Material::Rsa(RsaKey::generate(size)?), algorithm),
            _ => Err(Error::KeyAlgorithm),
        }
    }

    /// A key from a private JWK that says its algorithm, by `alg` or because its type fits only one. Ed25519 keys
    /// without `alg` are for `EdDSA`.
    ///
    /// # Errors
    /// The `jwk.*` errors: [`Error::NotPrivate`], [`Error::KeyAlgorithmMissing`], [`Error::KeyUse`], and those of
    /// [`Jwk::parse`].
    ///
    /// ```
    /// use probity_jose::{SignatureAlgorithm, SigningKey};
    /// // RFC 7515 appendix A.3
    /// let key = SigningKey::from_jwk(br#"{"kty":"EC","crv":"P-256",
    ///     "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    ///     "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    ///     "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#)?;
    /// assert_eq!(key.algorithm(), SignatureAlgorithm::Es256);
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn from_jwk(json: &[u8]) -> Result<Self, Error> {
        let jwk = Jwk::parse(json)?;
        match jwk.signature_algorithms()?.as_slice() {
            [only] | [only @ SignatureAlgorithm::EdDsa, ..] => Self::new(&jwk, *only),
            _ => Err(Error::KeyAlgorithmMissing),
        }
    }

    /// A key from a private JWK, for one algorithm.
    ///
    /// # Errors
    /// As [`from_jwk`](Self::from_jwk); [`Error::KeyAlgorithm`] when the JWK is for another algorithm.
    ///
    /// ```
    /// use probity_jose::{Error, SignatureAlgorithm, SigningKey};
    /// let jwk = SigningKey::generate(SignatureAlgorithm::Hs256)?.to_jwk();
    /// assert!(SigningKey::from_jwk_for(jwk.as_bytes(), SignatureAlgorithm::Hs256).is_ok());
    /// let other = SigningKey::from_jwk_for(jwk.as_bytes(), SignatureAlgorithm::Es256);
    /// assert_eq!(other.unwrap_err(), Error::KeyAlgorithm);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn from_jwk_for(json: &[u8], algorithm: SignatureAlgorithm) -> Result<Self, Error> {
        let jwk = Jwk::parse(json)?;
        if jwk.signature_algorithms()?.contains(&algorithm) {
            return Self::new(&jwk, algorithm);
        }
        jwk.material().check_fits(algorithm)?;
        Err(Error::KeyAlgorithm)
    }

    /// A key for HMAC from a secret's bytes.
    ///
    /// # Errors
    /// [`Error::SecretTooShort`], [`Error::SecretTooLong`], [`Error::KeyAlgorithm`].
    ///
    /// ```
    /// use probity_jose::{Error, SignatureAlgorithm, SigningKey};
    /// assert!(SigningKey::from_secret(SignatureAlgorithm::Hs256, &[7; 32]).is_ok());
    /// let short = SigningKey::from_secret(SignatureAlgorithm::Hs512, &[7; 32]);
    /// assert_eq!(short.unwrap_err(), Error::SecretTooShort);
    /// ```
    pub fn from_secret(algorithm: SignatureAlgorithm, secret: &[u8]) -> Result<Self, Error> {
        Self::from_material(Material::Oct(OctKey::new(Zeroizing::new(secret.to_vec()))?), algorithm)
    }

    pub(crate) fn from_material(material: Material, algorithm: SignatureAlgorithm) -> Result<Self, Error> {
        Self::new(&Jwk::new(Parameters::for_signatures(algorithm), Arc::new(material)), algorithm)
    }

    fn new(jwk: &Jwk, algorithm: SignatureAlgorithm) -> Result<Self, Error> {
        if !jwk.parameters().allows(Operation::Sign) {
            return Err(Error::KeyUse);
        }
        let material = Arc::clone(jwk.material());
        let mut parameters = Parameters::for_signatures(algorithm);
        parameters.key_id.clone_from(&jwk.parameters().key_id);
        let prepared = prepare(&material, algorithm)?;
        Ok(Self { algorithm, parameters, material, prepared, known_header: KnownHeader::default() })
    }

    /// This key with a `kid`, which goes into the header of what it signs.
    pub fn with_key_id(mut self, key_id: impl Into<String>) -> Self {
        self.parameters.key_id = Some(key_id.into());
        self.known_header = KnownHeader::default();
        self
    }

    /// `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.parameters.key_id.as_deref()
    }

    /// The only algorithm of this key.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The RFC 7638 thumbprint with SHA-256, in base64url.
    pub fn thumbprint(&self) -> String {
        self.material.thumbprint()
    }

    /// The public half as a JWK with `alg`, `use` and `kid`. A secret for HMAC has none.
    pub fn public_jwk(&self) -> Option<String> {
        self.material.public_jwk(&self.parameters)
    }

    /// The private JWK with `alg`, `use` and `kid`.
    pub fn to_jwk(&self) -> Zeroizing<String> {
        self.material.jwk(&self.parameters)
    }

    /// The key that verifies what this one signs. For HMAC it holds the same secret.
    ///
    /// # Errors
    /// [`Error::Crypto`] when memory runs out.
    pub fn verifying_key(&self) -> Result<VerifyingKey, Error> {
        let jwk = Jwk::new(self.parameters.clone(), Arc::clone(&self.material));
        VerifyingKey::new(&jwk, self.algorithm, true)
    }

    pub(crate) fn known_header(&self) -> &KnownHeader {
        &self.known_header
    }

    pub(super) fn material(&self) -> &Material {
        &self.material
    }

    /// Signs a message, with the signature in the form that JWS uses (RFC 7518 section 3).
    ///
    /// # Errors
    /// [`Error::Crypto`] when there is no randomness.
    ///
    /// ```
    /// use probity_jose::{SignatureAlgorithm, SigningKey};
    /// let key = SigningKey::generate(SignatureAlgorithm::Ed25519)?;
    /// let signature = key.sign(b"message")?;
    /// assert!(key.verifying_key()?.verify(b"message", &signature).is_ok());
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.with_signature(message, <[u8]>::to_vec)
    }

    /// Signs a message and hands the signature on where it lies.
    pub(crate) fn with_signature<R>(&self, message: &[u8], then: impl FnOnce(&[u8]) -> R) -> Result<R, Error> {
        let random = SystemRandom::new();
        match &self.prepared {
            Prepared::Mac(key) => Ok(then(hmac::sign(key, message).as_ref())),
            Prepared::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map_err(|_| Error::Crypto)?;
                Ok(then(&signature))
            }
            Prepared::Ecdsa(pair) => pair.sign(&random, message).map(|signature| then(signature.as_ref())),
            Prepared::Ed25519(pair) => pair.try_sign(message).map(|signature| then(signature.as_ref())),
            Prepared::MlDsa(pair) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                pair.sign(message, &mut signature).map_err(|_| Error::Crypto)?;
                Ok(then(&signature))
            }
        }
        .map_err(|_: aws_lc_rs::error::Unspecified| Error::Crypto)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

fn prepare(material: &Material, algorithm: SignatureAlgorithm) -> Result<Prepared, Error> {
    material.check_fits(algorithm)?;
    Ok(match (material, algorithm.family()) {
        (Material::Oct(key), Family::Hmac(hash)) => Prepared::Mac(Box::new(hmac::Key::new(hash, key.secret()))),
        (Material::Rsa(key), Family::Rsa { sign, .. }) => Prepared::Rsa(key.key_pair()?, sign),
        (Material::Ec(key), Family::Ecdsa { sign, .. }) => {
            let secret = key.secret().ok_or(Error::NotPrivate)?;
            let pair = EcdsaKeyPair::from_private_key_and_public_key(sign, secret, &key.point());
            Prepared::Ecdsa(pair.map_err(|_| Error::KeyMismatch)?)
        }
        (Material::Okp(key), Family::Ed25519) => {
            let seed = key.secret().ok_or(Error::NotPrivate)?;
            let pair = Ed25519KeyPair::from_seed_and_public_key(seed, key.public());
            Prepared::Ed25519(pair.map_err(|_| Error::KeyMismatch)?)
        }
        (Material::Akp(key), Family::MlDsa { sign, .. }) => {
            let seed = key.seed().ok_or(Error::NotPrivate)?;
            Prepared::MlDsa(PqdsaKeyPair::from_seed(sign, seed).map_err(|_| Error::KeyEncoding)?)
        }
        _ => return Err(Error::KeyAlgorithm),
    })
}

#[expect(clippy::disallowed_methods, reason = "a new key needs randomness that nobody else has seen")]
fn random(length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::Crypto)?;
    Ok(bytes)
}

const ML_DSA_SEED_BYTES: usize = 32;
