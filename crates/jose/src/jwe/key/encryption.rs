//! The half of a key that encrypts.

use core::fmt;
use std::sync::Arc;

use aws_lc_rs::rsa::{OaepAlgorithm, OaepPublicEncryptingKey, PublicEncryptingKey};

use super::DecryptionKey;
use super::role::{Direction, Role};
use crate::error::Error;
use crate::jwe::algorithm::{Aes, ContentEncryptionAlgorithm, KeyManagementAlgorithm, Mode};
use crate::jwe::content::{Cek, Sealer};
use crate::jwe::manage::{AesWrap, GcmWrap, KeyParameters, Parties, Password, PeerKey, SALT_BYTES, Stretch};
use crate::jwe::random;
use crate::jwk::{Jwk, Material, Parameters};

/// A key that encrypts with exactly one algorithm, so that whoever has the other half can read it: a public key, a
/// secret or a password.
///
/// A secret for `dir` is bound to one content encryption as well. The key is prepared once. Cloning is cheap.
#[derive(Clone)]
pub struct EncryptionKey {
    role: Role,
    key_id: Option<Arc<str>>,
    material: Arc<Material>,
    prepared: Arc<Prepared>,
}

enum Prepared {
    Direct(Sealer),
    AesWrap(AesWrap),
    GcmWrap(GcmWrap),
    Rsa(OaepPublicEncryptingKey, &'static OaepAlgorithm),
    Agreement(PeerKey, Option<Aes>),
    Password(Password),
}

/// What the caller decides about key management.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) parties: Parties,
    pub(crate) count: u64,
}

/// The key of the content, encrypted for a recipient.
pub(crate) struct Wrapped {
    pub(crate) encrypted: Vec<u8>,
    pub(crate) parameters: KeyParameters,
}

impl EncryptionKey {
    /// A key from a JWK, for one algorithm. Of a private JWK only the public half is used. `use`, `key_ops` and `alg` of
    /// the JWK must allow it; the `alg` of a secret for `dir` may also be the name of its content encryption.
    ///
    /// # Errors
    /// The `jwk.*` errors: [`Error::KeyAlgorithm`] when the JWK is for another algorithm, [`Error::KeyUse`],
    /// [`Error::SecretLength`], and those of [`Jwk::parse`]. [`Error::KeyAlgorithmMissing`] when a secret for `dir` fits
    /// two content encryptions and names none: see [`from_jwk_direct`](Self::from_jwk_direct).
    ///
    /// ```
    /// use probity_jose::jwe::{EncryptionKey, KeyManagementAlgorithm};
    /// let jwk = br#"{"kty":"OKP","crv":"X25519","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"}"#;
    /// let key = EncryptionKey::from_jwk(jwk, KeyManagementAlgorithm::EcdhEsA256Kw)?;
    /// assert!(EncryptionKey::from_jwk(jwk, KeyManagementAlgorithm::RsaOaep256).is_err());
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn from_jwk(json: &[u8], algorithm: KeyManagementAlgorithm) -> Result<Self, Error> {
        let jwk = Jwk::parse(json)?;
        Self::new(&jwk, Role::only(&jwk, algorithm, Direction::Encrypt)?)
    }

    /// A secret for `dir` from a JWK.
    ///
    /// # Errors
    /// As [`from_jwk`](Self::from_jwk).
    pub fn from_jwk_direct(json: &[u8], encryption: ContentEncryptionAlgorithm) -> Result<Self, Error> {
        let jwk = Jwk::parse(json)?;
        Self::new(&jwk, Role::only_direct(&jwk, encryption, Direction::Encrypt)?)
    }

    pub(super) fn from_material(material: Material, role: Role) -> Result<Self, Error> {
        Self::new(&Jwk::new(Parameters::default(), Arc::new(material)), role)
    }

    pub(super) fn new(jwk: &Jwk, role: Role) -> Result<Self, Error> {
        let material = Arc::clone(jwk.material());
        role.check_fits(&material)?;
        let prepared = Arc::new(prepare(&material, role)?);
        Ok(Self { role, key_id: jwk.key_id().map(Arc::from), material, prepared })
    }

    /// This key with a `kid`, which goes into the header of what it encrypts.
    pub fn with_key_id(self, key_id: impl Into<Arc<str>>) -> Self {
        Self { key_id: Some(key_id.into()), ..self }
    }

    /// `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The only key management algorithm of this key.
    pub fn algorithm(&self) -> KeyManagementAlgorithm {
        self.role.algorithm
    }

    /// The only content encryption of a secret for `dir`. Other keys are for any.
    pub fn encryption(&self) -> Option<ContentEncryptionAlgorithm> {
        self.role.encryption
    }

    /// The RFC 7638 thumbprint with SHA-256, in base64url.
    pub fn thumbprint(&self) -> String {
        self.material.thumbprint()
    }

    /// The key as a public JWK with `alg`, `use` and `kid`, or nothing when it is a secret.
    pub fn to_jwk(&self) -> Option<String> {
        let key_id = self.key_id.as_deref().map(String::from);
        self.material.public_jwk(&Parameters::for_encryption(self.role.name(), key_id))
    }

    pub(super) fn material(&self) -> &Material {
        &self.material
    }

    /// Encrypts the key of a content, which the sender has chosen.
    ///
    /// # Errors
    /// [`Error::HeaderContradiction`] when this key is one for which the sender can't choose.
    pub(crate) fn wrap(&self, key: &Cek, options: &Options) -> Result<Wrapped, Error> {
        match &*self.prepared {
            Prepared::Direct(_) | Prepared::Agreement(_, None) => Err(Error::HeaderContradiction),
            Prepared::AesWrap(wrapping) => {
                Ok(Wrapped { encrypted: wrapping.wrap(key)?, parameters: KeyParameters::None })
            }
            Prepared::GcmWrap(wrapping) => {
                let (encrypted, parameters) = wrapping.wrap(key)?;
                Ok(Wrapped { encrypted, parameters: KeyParameters::Gcm(parameters) })
            }
            Prepared::Rsa(public, algorithm) => {
                let mut encrypted = vec![0; public.ciphertext_size()];
                public.encrypt(algorithm, key.as_ref(), &mut encrypted, None).map_err(|_| Error::Crypto)?;
                Ok(Wrapped { encrypted, parameters: KeyParameters::None })
            }
            Prepared::Agreement(peer, Some(aes)) => {
                let mut ephemeral = None;
                let wrapping = AesWrap::derived(*aes, |wrapping| {
                    ephemeral = Some(peer.derive(self.algorithm().name(), &options.parties, wrapping)?);
                    Ok(())
                })?;
                let agreement = (ephemeral.ok_or(Error::Crypto)?, options.parties.clone());
                let parameters = KeyParameters::Agreement(Box::new(agreement));
                Ok(Wrapped { encrypted: wrapping.wrap(key)?, parameters })
            }
            Prepared::Password(password) => {
                let mut salt = vec![0; SALT_BYTES];
                random::fill(&mut salt)?;
                let stretch = Stretch::new(salt, options.count)?;
                let encrypted = password.wrap(&stretch, key)?;
                Ok(Wrapped { encrypted, parameters: KeyParameters::Password(stretch) })
            }
        }
    }

    /// Hands on what encrypts the content, with the encrypted key and its parameters.
    pub(crate) fn with_sealer<R>(
        &self,
        encryption: ContentEncryptionAlgorithm,
        options: &Options,
        then: impl FnOnce(&Sealer, Wrapped) -> Result<R, Error>,
    ) -> Result<R, Error> {
        match &*self.prepared {
            Prepared::Direct(sealer) => {
                then(sealer, Wrapped { encrypted: Vec::new(), parameters: KeyParameters::None })
            }
            Prepared::Agreement(peer, None) => {
                let mut ephemeral = None;
                let key = Cek::filled(encryption.key_bytes(), |key| {
                    ephemeral = Some(peer.derive(encryption.name(), &options.parties, key)?);
                    Ok(())
                })?;
                let agreement = (ephemeral.ok_or(Error::Crypto)?, options.parties.clone());
                let parameters = KeyParameters::Agreement(Box::new(agreement));
                let wrapped = Wrapped { encrypted: Vec::new(), parameters };
                then(&Sealer::new(encryption, key.as_ref())?, wrapped)
            }
            _ => {
                let key = random::secret(encryption.key_bytes())?;
                let wrapped = self.wrap(&key, options)?;
                then(&Sealer::new(encryption, key.as_ref())?, wrapped)
            }
        }
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey")
            .field("algorithm", &self.algorithm())
            .field("encryption", &self.encryption())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

impl TryFrom<&DecryptionKey> for EncryptionKey {
    type Error = Error;

    /// As [`DecryptionKey::encryption_key`].
    fn try_from(key: &DecryptionKey) -> Result<Self, Error> {
        key.encryption_key()
    }
}

fn prepare(material: &Arc<Material>, role: Role) -> Result<Prepared, Error> {
    Ok(match (&**material, role.algorithm.mode()) {
        (Material::Oct(key), Mode::Direct) => {
            let encryption = role.encryption.ok_or(Error::KeyAlgorithm)?;
            Prepared::Direct(Sealer::new(encryption, key.secret())?)
        }
        (Material::Oct(key), Mode::AesWrap(aes)) => Prepared::AesWrap(AesWrap::new(aes, key.secret())?),
        (Material::Oct(key), Mode::GcmWrap(aes)) => Prepared::GcmWrap(GcmWrap::new(aes, key.secret())?),
        (Material::Oct(_), Mode::Password(hash, aes)) => {
            Prepared::Password(Password::new(role.algorithm, hash, aes, Arc::clone(material)))
        }
        (Material::Rsa(key), Mode::Rsa(algorithm)) => {
            let public: PublicEncryptingKey = key.components().try_into().map_err(|_| Error::KeyEncoding)?;
            Prepared::Rsa(OaepPublicEncryptingKey::new(public).map_err(|_| Error::Crypto)?, algorithm)
        }
        (_, Mode::Agreement(wrap)) => Prepared::Agreement(PeerKey::new(material)?, wrap),
        _ => return Err(Error::KeyAlgorithm),
    })
}
