//! Keys for HPKE: one algorithm, one direction.

use core::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::algorithm::HpkeAlgorithm;
use super::context::Context;
use crate::error::Error;
use crate::jwe::AgreementCurve;
use crate::jwe::manage::{AgreementKey, PeerKey, PublicPoint};
use crate::jwe::{self, KeyManagementAlgorithm};
use crate::jwk::{Jwk, Material, Operation, Parameters};

/// A private key for HPKE.
#[derive(Clone)]
pub struct DecryptionKey {
    algorithm: HpkeAlgorithm,
    key_id: Option<Arc<str>>,
    material: Arc<Material>,
    public: Arc<[u8]>,
    private: Arc<AgreementKey>,
}

/// A public key for HPKE.
#[derive(Clone)]
pub struct EncryptionKey {
    algorithm: HpkeAlgorithm,
    key_id: Option<Arc<str>>,
    public: Arc<[u8]>,
    peer: Arc<PeerKey>,
}

impl DecryptionKey {
    /// A new key.
    ///
    /// # Errors
    /// [`Error::Crypto`] when there is no randomness.
    pub fn generate(algorithm: HpkeAlgorithm) -> Result<Self, Error> {
        let curve = algorithm.suite().kem.curve;
        let key = jwe::DecryptionKey::generate_agreement(KeyManagementAlgorithm::EcdhEs, curve)?;
        Self::new(&Jwk::new(Parameters::default(), Arc::clone(key.shared_material())), algorithm)
    }

    /// A key from a private JWK, for one algorithm.
    ///
    /// # Errors
    /// The `jwk.*` errors; [`Error::KeyAlgorithm`] when the JWK is for another algorithm or on another curve.
    pub fn from_jwk(json: &[u8], algorithm: HpkeAlgorithm) -> Result<Self, Error> {
        let jwk = Jwk::parse(json)?;
        check(&jwk, algorithm)?;
        Self::new(&jwk, algorithm)
    }

    fn new(jwk: &Jwk, algorithm: HpkeAlgorithm) -> Result<Self, Error> {
        let material = Arc::clone(jwk.material());
        let private = Arc::new(AgreementKey::new(&material)?);
        Ok(Self { algorithm, key_id: jwk.key_id().map(Arc::from), public: public_bytes(&material)?, material, private })
    }

    /// The only algorithm of this key.
    pub fn algorithm(&self) -> HpkeAlgorithm {
        self.algorithm
    }

    /// `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// This key with a `kid`.
    pub fn with_key_id(self, key_id: impl Into<Arc<str>>) -> Self {
        Self { key_id: Some(key_id.into()), ..self }
    }

    /// The private JWK with `alg`, `use` and `kid`.
    pub fn to_jwk(&self) -> Zeroizing<String> {
        let key_id = self.key_id.as_deref().map(String::from);
        self.material.jwk(&Parameters::for_encryption(self.algorithm.name(), key_id))
    }

    /// The key that encrypts what this one decrypts.
    ///
    /// # Errors
    /// [`Error::Crypto`] when memory runs out.
    pub fn encryption_key(&self) -> Result<EncryptionKey, Error> {
        EncryptionKey::new(&self.material, self.algorithm, self.key_id.clone())
    }

    /// Decapsulation (RFC 9180 section 4.1) and the key schedule.
    pub(super) fn context(&self, encapsulated: &[u8], info: &[u8]) -> Result<Context, Error> {
        let point = PublicPoint::from_bytes(self.algorithm.suite().kem.curve, encapsulated)?;
        self.private.agree(&point, |agreed| Context::new(self.algorithm, agreed, encapsulated, &self.public, info))
    }
}

impl EncryptionKey {
    /// A key from a JWK, for one algorithm. Of a private JWK only the public half is used.
    ///
    /// # Errors
    /// The `jwk.*` errors; [`Error::KeyAlgorithm`] when the JWK is for another algorithm or on another curve.
    pub fn from_jwk(json: &[u8], algorithm: HpkeAlgorithm) -> Result<Self, Error> {
        let jwk = Jwk::parse(json)?;
        check(&jwk, algorithm)?;
        Self::new(jwk.material(), algorithm, jwk.key_id().map(Arc::from))
    }

    fn new(material: &Material, algorithm: HpkeAlgorithm, key_id: Option<Arc<str>>) -> Result<Self, Error> {
        Ok(Self { algorithm, key_id, public: public_bytes(material)?, peer: Arc::new(PeerKey::new(material)?) })
    }

    /// The only algorithm of this key.
    pub fn algorithm(&self) -> HpkeAlgorithm {
        self.algorithm
    }

    /// `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Encapsulation (RFC 9180 section 4.1) and the key schedule. The first result is the encapsulated key.
    pub(super) fn context(&self, info: &[u8]) -> Result<(Vec<u8>, Context), Error> {
        self.peer.agree(|encapsulated, agreed| {
            let context = Context::new(self.algorithm, agreed, encapsulated, &self.public, info)?;
            Ok((encapsulated.to_vec(), context))
        })
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// Whether a JWK may be for an algorithm.
fn check(jwk: &Jwk, algorithm: HpkeAlgorithm) -> Result<(), Error> {
    let parameters = jwk.parameters();
    let derives = [Operation::DeriveKey, Operation::DeriveBits].iter().any(|operation| parameters.allows(*operation));
    if !parameters.for_use("enc") || !derives {
        return Err(Error::KeyUse);
    }
    let named = jwk.algorithm_name().is_none_or(|name| name == algorithm.name());
    let curve = AgreementCurve::of(jwk.material());
    if named && curve == Some(algorithm.suite().kem.curve) { Ok(()) } else { Err(Error::KeyAlgorithm) }
}

/// SerializePublicKey (RFC 9180 section 7.1.1).
fn public_bytes(key: &Material) -> Result<Arc<[u8]>, Error> {
    match key {
        Material::Ec(key) => Ok(key.point().into()),
        Material::Okp(key) => Ok(key.public().into()),
        _ => Err(Error::KeyAlgorithm),
    }
}
