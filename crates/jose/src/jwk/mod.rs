//! JSON Web Keys (RFC 7517): reading, checking and writing all key types.
//!
//! A [`Jwk`] is a key that has passed every check, but is not bound to a purpose yet. [`SigningKey`](crate::SigningKey)
//! and [`VerifyingKey`](crate::VerifyingKey) are made of it, and have exactly one algorithm.

mod akp;
mod certificate;
mod ec;
mod edwards;
mod material;
mod members;
mod oct;
mod okp;
mod parameters;
mod rsa;
mod set;

use core::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::algorithm::SignatureAlgorithm;
use crate::error::Error;
use crate::json::Document;
use crate::limits::MAX_JWK_BYTES;

pub(crate) use akp::AkpKey;
pub(crate) use ec::EcKey;
pub(crate) use material::Material;
pub(crate) use members::Members;
pub(crate) use oct::OctKey;
pub(crate) use okp::{OkpCurve, OkpKey};
pub(crate) use parameters::{Operation, Parameters};
pub(crate) use rsa::{RsaKey, RsaPrivate};
pub(crate) use set::Candidates;
pub use set::{JwkSet, SkippedKey};

/// A JSON Web Key of any known type, public or private, that is well formed and not weak.
#[derive(Clone)]
pub struct Jwk {
    parameters: Parameters,
    material: Arc<Material>,
}

impl Jwk {
    /// Reads a JWK.
    ///
    /// # Errors
    /// The `jwk.*` errors: malformed, of an unknown type, weak, or private and public part do not match. The `json.*`
    /// errors when it is no strict JSON.
    ///
    /// ```
    /// use probity_jose::jwk::Jwk;
    /// // RFC 8037 appendix A.2
    /// let jwk = Jwk::parse(br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
    /// assert_eq!(jwk.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        if json.len() > MAX_JWK_BYTES {
            return Err(Error::JsonTooLarge);
        }
        Self::read(Members::of(Document::parse(json)?.root())?)
    }

    pub(crate) fn read(members: Members<'_>) -> Result<Self, Error> {
        let parameters = Parameters::read(members)?;
        let material = Material::read(members)?;
        certificate::check(members, &material)?;
        Ok(Self { parameters, material: Arc::new(material) })
    }

    pub(crate) const fn new(parameters: Parameters, material: Arc<Material>) -> Self {
        Self { parameters, material }
    }

    /// `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.parameters.key_id.as_deref()
    }

    /// `alg`, whether or not this library knows it.
    pub fn algorithm_name(&self) -> Option<&str> {
        self.parameters.algorithm.as_deref()
    }

    /// Whether the key has a private half or is a secret.
    pub fn is_private(&self) -> bool {
        self.material.is_private()
    }

    /// The RFC 7638 thumbprint with SHA-256, in base64url.
    pub fn thumbprint(&self) -> String {
        self.material.thumbprint()
    }

    /// The public half as a JWK, or nothing when the key is a secret.
    pub fn public_jwk(&self) -> Option<String> {
        self.material.public_jwk(&self.parameters)
    }

    /// The whole key as a JWK, private half included.
    pub fn to_jwk(&self) -> Zeroizing<String> {
        self.material.jwk(&self.parameters)
    }

    /// The signature algorithms that this key fits: the one that it names, or all that its type and size allow.
    ///
    /// # Errors
    /// [`Error::KeyUse`] when it is not for signatures; [`Error::KeyAlgorithm`] when it names an algorithm that does
    /// not fit its type or is none of signatures; [`Error::SecretTooShort`].
    ///
    /// ```
    /// use probity_jose::{SignatureAlgorithm, jwk::Jwk};
    /// let jwk = Jwk::parse(br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
    /// assert_eq!(jwk.signature_algorithms()?, [SignatureAlgorithm::EdDsa, SignatureAlgorithm::Ed25519]);
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn signature_algorithms(&self) -> Result<Vec<SignatureAlgorithm>, Error> {
        if !self.parameters.for_use("sig") {
            return Err(Error::KeyUse);
        }
        let fitting = self.material.signature_algorithms();
        match &self.parameters.algorithm {
            Some(name) => {
                let named = name.parse().map_err(|_| Error::KeyAlgorithm)?;
                self.material.check_fits(named)?;
                Ok(vec![named])
            }
            None if fitting.is_empty() => Err(self.material.no_signatures()),
            None => Ok(fitting),
        }
    }

    pub(crate) fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    pub(crate) fn material(&self) -> &Arc<Material> {
        &self.material
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk")
            .field("kty", &self.material.key_type())
            .field("kid", &self.parameters.key_id)
            .field("alg", &self.parameters.algorithm)
            .field("private", &self.is_private())
            .finish_non_exhaustive()
    }
}
