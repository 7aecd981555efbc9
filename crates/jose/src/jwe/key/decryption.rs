//! The half of a key that decrypts.

use core::fmt;
use std::sync::Arc;

use aws_lc_rs::rsa::{KeySize, OaepAlgorithm, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use zeroize::Zeroizing;

use super::EncryptionKey;
use super::role::{Direction, Role};
use crate::algorithm::Curve;
use crate::der::pkcs8;
use crate::error::Error;
use crate::jwe::algorithm::{Aes, ContentEncryptionAlgorithm, KeyManagementAlgorithm, Mode};
use crate::jwe::content::{Cek, Opener};
use crate::jwe::manage::{
    AES_WRAP_OVERHEAD_BYTES, AesWrap, AgreementCurve, AgreementKey, GcmWrap, KeyParameters, MAX_ENCRYPTED_KEY_BYTES,
    Password,
};
use crate::jwe::random;
use crate::jwk::{EcKey, Jwk, Material, OctKey, OkpCurve, OkpKey, Parameters, RsaKey};

/// A key that decrypts what is encrypted with exactly one algorithm: a private key, a secret or a password.
///
/// A secret for `dir` is bound to one content encryption as well. The key is prepared once, does not print its private
/// half, and overwrites it when dropped. Cloning is cheap.
#[derive(Clone)]
pub struct DecryptionKey {
    role: Role,
    key_id: Option<Arc<str>>,
    material: Arc<Material>,
    prepared: Arc<Prepared>,
}

enum Prepared {
    Direct(Opener),
    AesWrap(AesWrap),
    GcmWrap(GcmWrap),
    Rsa(Arc<OaepPrivateDecryptingKey>, &'static OaepAlgorithm),
    Agreement(Arc<AgreementKey>, Option<Aes>),
    Password(Password),
}

/// A key on its way into several roles: what is costly to prepare is prepared once.
enum Source {
    Rsa(Arc<OaepPrivateDecryptingKey>),
    Agreement(Arc<AgreementKey>),
    Secret,
}

impl DecryptionKey {
    /// A new key. RSA keys get 2,048 bits, keys for Diffie-Hellman are on P-256; see [`generate_rsa`](Self::generate_rsa)
    /// and [`generate_agreement`](Self::generate_agreement) for others.
    ///
    /// # Errors
    /// [`Error::KeyAlgorithmMissing`] for `dir`, which also needs a content encryption:
    /// [`generate_direct`](Self::generate_direct). [`Error::KeyAlgorithm`] for PBES2, which needs a
    /// [password](Self::from_password). [`Error::Crypto`] when there is no randomness.
    ///
    /// ```
    /// use probity_jose::jwe::{self, ContentEncryptionAlgorithm, DecryptionKey, KeyManagementAlgorithm};
    /// let key = DecryptionKey::generate(KeyManagementAlgorithm::EcdhEs)?.with_key_id("2026-11");
    /// let public = key.encryption_key()?;
    /// let token = jwe::encrypt(&jwe::NewHeader::default(), ContentEncryptionAlgorithm::A256Gcm, b"secret", &public)?;
    /// # assert_eq!(token.matches('.').count(), 4);
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn generate(algorithm: KeyManagementAlgorithm) -> Result<Self, Error> {
        let material = match algorithm.mode() {
            Mode::Direct => return Err(Error::KeyAlgorithmMissing),
            Mode::Password(..) => return Err(Error::KeyAlgorithm),
            Mode::AesWrap(aes) | Mode::GcmWrap(aes) => random_secret(aes.bytes())?,
            Mode::Rsa(_) => return Self::generate_rsa(algorithm, KeySize::Rsa2048),
            Mode::Agreement(_) => return Self::generate_agreement(algorithm, AgreementCurve::P256),
        };
        Self::from_material(material, Role::of(algorithm))
    }

    /// A new secret for `dir`.
    ///
    /// # Errors
    /// [`Error::Crypto`] when there is no randomness.
    pub fn generate_direct(encryption: ContentEncryptionAlgorithm) -> Result<Self, Error> {
        Self::from_material(random_secret(encryption.key_bytes())?, Role::direct(encryption))
    }

    /// A new RSA key of a size.
    ///
    /// # Errors
    /// [`Error::KeyAlgorithm`] when the algorithm is not one of RSA; [`Error::Crypto`].
    pub fn generate_rsa(algorithm: KeyManagementAlgorithm, size: KeySize) -> Result<Self, Error> {
        match algorithm.mode() {
            Mode::Rsa(_) => Self::from_material(Material::Rsa(RsaKey::generate(size)?), Role::of(algorithm)),
            _ => Err(Error::KeyAlgorithm),
        }
    }

    /// A new key for Diffie-Hellman on a curve.
    ///
    /// # Errors
    /// [`Error::KeyAlgorithm`] when the algorithm is not one of Diffie-Hellman; [`Error::Crypto`].
    pub fn generate_agreement(algorithm: KeyManagementAlgorithm, curve: AgreementCurve) -> Result<Self, Error> {
        if !matches!(algorithm.mode(), Mode::Agreement(_)) {
            return Err(Error::KeyAlgorithm);
        }
        let material = match curve {
            AgreementCurve::P256 => Material::Ec(EcKey::generate(Curve::P256)?),
            AgreementCurve::P384 => Material::Ec(EcKey::generate(Curve::P384)?),
            AgreementCurve::P521 => Material::Ec(EcKey::generate(Curve::P521)?),
            AgreementCurve::X25519 => {
                let mut secret = Zeroizing::new([0; 32]);
                random::fill(secret.as_mut_slice())?;
                Material::Okp(OkpKey::from_private(OkpCurve::X25519, secret.as_slice())?)
            }
        };
        Self::from_material(material, Role::of(algorithm))
    }

    /// A key from a private JWK, for one algorithm. `use`, `key_ops` and `alg` of the JWK must allow it; the `alg` of a
    /// secret for `dir` may also be the name of its content encryption.
    ///
    /// # Errors
    /// The `jwk.*` errors: [`Error::KeyAlgorithm`] when the JWK is for another algorithm, [`Error::KeyUse`],
    /// [`Error::NotPrivate`], [`Error::SecretLength`], and those of [`Jwk::parse`].
    /// [`Error::KeyAlgorithmMissing`] when a secret for `dir` fits two content encryptions and names none:
    /// see [`from_jwk_direct`](Self::from_jwk_direct).
    pub fn from_jwk(json: &[u8], algorithm: KeyManagementAlgorithm) -> Result<Self, Error> {
        let jwk = Jwk::parse(json)?;
        Self::new(&jwk, Role::only(&jwk, algorithm, Direction::Decrypt)?)
    }

    /// A secret for `dir` from a JWK.
    ///
    /// # Errors
    /// As [`from_jwk`](Self::from_jwk).
    pub fn from_jwk_direct(json: &[u8], encryption: ContentEncryptionAlgorithm) -> Result<Self, Error> {
        let jwk = Jwk::parse(json)?;
        Self::new(&jwk, Role::only_direct(&jwk, encryption, Direction::Decrypt)?)
    }

    /// A key from a secret's bytes, for AES key wrap or AES-GCM key encryption.
    ///
    /// # Errors
    /// [`Error::SecretLength`]; [`Error::KeyAlgorithm`] for all other algorithms.
    pub fn from_secret(algorithm: KeyManagementAlgorithm, secret: &[u8]) -> Result<Self, Error> {
        match algorithm.mode() {
            Mode::AesWrap(_) | Mode::GcmWrap(_) => Self::from_material(self::secret(secret)?, Role::of(algorithm)),
            _ => Err(Error::KeyAlgorithm),
        }
    }

    /// A key for `dir` from a secret's bytes.
    ///
    /// # Errors
    /// [`Error::SecretLength`].
    pub fn from_secret_direct(encryption: ContentEncryptionAlgorithm, secret: &[u8]) -> Result<Self, Error> {
        Self::from_material(self::secret(secret)?, Role::direct(encryption))
    }

    /// A key from a password, for PBES2. Whoever has a JWE can try passwords on it: RFC 7518 section 8.8 advises 16
    /// bytes or more.
    ///
    /// # Errors
    /// [`Error::SecretTooShort`] when it is empty; [`Error::SecretTooLong`]; [`Error::KeyAlgorithm`] for all other
    /// algorithms.
    pub fn from_password(algorithm: KeyManagementAlgorithm, password: &str) -> Result<Self, Error> {
        match algorithm.mode() {
            Mode::Password(..) => Self::from_material(secret(password.as_bytes())?, Role::of(algorithm)),
            _ => Err(Error::KeyAlgorithm),
        }
    }

    /// One key for each role that a JWK may have.
    pub(crate) fn all_from(jwk: &Jwk) -> Result<Vec<Self>, Error> {
        let roles = Role::all_for(jwk, Direction::Decrypt)?;
        let source = Source::of(jwk.material())?;
        roles.into_iter().map(|role| Self::from_source(&source, jwk, role)).collect()
    }

    pub(super) fn from_material(material: Material, role: Role) -> Result<Self, Error> {
        Self::new(&Jwk::new(Parameters::default(), Arc::new(material)), role)
    }

    fn new(jwk: &Jwk, role: Role) -> Result<Self, Error> {
        Self::from_source(&Source::of(jwk.material())?, jwk, role)
    }

    fn from_source(source: &Source, jwk: &Jwk, role: Role) -> Result<Self, Error> {
        let material = Arc::clone(jwk.material());
        role.check_fits(&material)?;
        let prepared = Arc::new(source.prepare(&material, role)?);
        Ok(Self { role, key_id: jwk.key_id().map(Arc::from), material, prepared })
    }

    /// This key with a `kid`.
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

    /// The public half as a JWK with `alg`, `use` and `kid`. A secret has none.
    pub fn public_jwk(&self) -> Option<String> {
        self.material.public_jwk(&self.parameters())
    }

    /// The private JWK with `alg`, `use` and `kid`. The `alg` of a secret for `dir` is its content encryption.
    pub fn to_jwk(&self) -> Zeroizing<String> {
        self.material.jwk(&self.parameters())
    }

    /// The key that encrypts what this one decrypts. For symmetric algorithms it holds the same secret.
    ///
    /// # Errors
    /// [`Error::Crypto`] when memory runs out.
    pub fn encryption_key(&self) -> Result<EncryptionKey, Error> {
        EncryptionKey::new(&Jwk::new(self.parameters(), Arc::clone(&self.material)), self.role)
    }

    #[cfg(feature = "hpke-draft")]
    pub(crate) fn shared_material(&self) -> &Arc<Material> {
        &self.material
    }

    pub(super) fn material(&self) -> &Material {
        &self.material
    }

    fn parameters(&self) -> Parameters {
        Parameters::for_encryption(self.role.name(), self.key_id.as_deref().map(String::from))
    }

    /// Whether this key is for a JWE's algorithms.
    pub(crate) fn is_for(&self, algorithm: KeyManagementAlgorithm, encryption: ContentEncryptionAlgorithm) -> bool {
        self.role.algorithm == algorithm && self.role.encryption.is_none_or(|own| own == encryption)
    }

    /// Checks all that can be checked before any cryptography.
    pub(crate) fn check(
        &self,
        encryption: ContentEncryptionAlgorithm,
        parameters: &KeyParameters,
        encrypted: &[u8],
    ) -> Result<(), Error> {
        if let (Prepared::Agreement(key, _), KeyParameters::Agreement(agreement)) = (&*self.prepared, parameters) {
            // RFC 7518 section 4.6.1.1: on another curve, points could be chosen that tell about the private key.
            if key.curve() != agreement.0.curve() {
                return Err(Error::EphemeralKeyCurve);
            }
        }
        let expected = match &*self.prepared {
            // RFC 7516 section 5.2 step 10: the empty octet sequence.
            Prepared::Direct(_) | Prepared::Agreement(_, None) => 0,
            Prepared::AesWrap(_) | Prepared::Agreement(_, Some(_)) | Prepared::Password(_) => {
                encryption.key_bytes() + AES_WRAP_OVERHEAD_BYTES
            }
            Prepared::GcmWrap(_) => encryption.key_bytes(),
            Prepared::Rsa(key, _) => key.key_size_bytes(),
        };
        if encrypted.len() == expected { Ok(()) } else { Err(Error::EncryptedKeyLength) }
    }

    /// How many rounds of PBKDF2 this key takes for a JWE.
    pub(crate) fn work(&self, parameters: &KeyParameters) -> u32 {
        match (&*self.prepared, parameters) {
            (Prepared::Password(_), KeyParameters::Password(stretch)) => stretch.count.get(),
            _ => 0,
        }
    }

    /// Hands the key of the content on, ready for use.
    ///
    /// # Errors
    /// [`Error::DecryptionFailed`] when this is not the right key; [`Error::EphemeralKeyPoint`].
    pub(crate) fn with_opener<R>(
        &self,
        encryption: ContentEncryptionAlgorithm,
        parameters: &KeyParameters,
        encrypted: &[u8],
        then: impl FnOnce(&Opener) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let key = match (&*self.prepared, parameters) {
            (Prepared::Direct(opener), _) => return then(opener),
            (Prepared::AesWrap(key), _) => key.unwrap(encrypted),
            (Prepared::GcmWrap(key), KeyParameters::Gcm(parameters)) => key.unwrap(parameters, encrypted),
            (Prepared::Rsa(key, algorithm), _) => decrypt_rsa(key, algorithm, encrypted, encryption.key_bytes()),
            (Prepared::Password(key), KeyParameters::Password(stretch)) => key.unwrap(stretch, encrypted),
            (Prepared::Agreement(key, wrap), KeyParameters::Agreement(agreement)) => {
                let (ephemeral, parties) = &**agreement;
                match wrap {
                    // RFC 7518 section 4.6.2: the key is for the content, so that its algorithm goes into it.
                    None => Cek::filled(encryption.key_bytes(), |key_bytes| {
                        key.derive(ephemeral, encryption.name(), parties, key_bytes)
                    }),
                    Some(aes) => {
                        let name = self.algorithm().name();
                        AesWrap::derived(*aes, |wrapping| key.derive(ephemeral, name, parties, wrapping))?
                            .unwrap(encrypted)
                    }
                }
            }
            _ => Err(Error::DecryptionFailed),
        }?;
        if key.len() != encryption.key_bytes() {
            return Err(Error::DecryptionFailed);
        }
        then(&Opener::new(encryption, key.as_ref())?)
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey")
            .field("algorithm", &self.algorithm())
            .field("encryption", &self.encryption())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

impl Source {
    fn of(material: &Material) -> Result<Self, Error> {
        match material {
            Material::Rsa(_) => {
                let der = pkcs8::write(material).ok_or(Error::NotPrivate)?;
                let key = PrivateDecryptingKey::from_pkcs8(&der).map_err(|_| Error::KeyMismatch)?;
                Ok(Self::Rsa(Arc::new(OaepPrivateDecryptingKey::new(key).map_err(|_| Error::Crypto)?)))
            }
            Material::Oct(_) => Ok(Self::Secret),
            Material::Ec(_) | Material::Okp(_) => AgreementKey::new(material).map(Arc::new).map(Self::Agreement),
            Material::Akp(_) => Err(Error::KeyUse),
        }
    }

    fn prepare(&self, material: &Arc<Material>, role: Role) -> Result<Prepared, Error> {
        match (self, &**material, role.algorithm.mode()) {
            (Self::Rsa(key), _, Mode::Rsa(algorithm)) => Ok(Prepared::Rsa(Arc::clone(key), algorithm)),
            (Self::Agreement(key), _, Mode::Agreement(wrap)) => Ok(Prepared::Agreement(Arc::clone(key), wrap)),
            (_, Material::Oct(key), Mode::Direct) => {
                let encryption = role.encryption.ok_or(Error::KeyAlgorithm)?;
                Opener::new(encryption, key.secret()).map(Prepared::Direct)
            }
            (_, Material::Oct(key), Mode::AesWrap(aes)) => AesWrap::new(aes, key.secret()).map(Prepared::AesWrap),
            (_, Material::Oct(key), Mode::GcmWrap(aes)) => GcmWrap::new(aes, key.secret()).map(Prepared::GcmWrap),
            (_, Material::Oct(_), Mode::Password(hash, aes)) => {
                Ok(Prepared::Password(Password::new(role.algorithm, hash, aes, Arc::clone(material))))
            }
            _ => Err(Error::KeyAlgorithm),
        }
    }
}

/// Decrypts an encrypted key. When that fails, the key is one that nobody knows, and the content fails next: whoever
/// sends many keys and measures how long the answer takes does not learn which were well padded (RFC 7516
/// section 11.5).
fn decrypt_rsa(
    key: &OaepPrivateDecryptingKey,
    algorithm: &'static OaepAlgorithm,
    encrypted: &[u8],
    length: usize,
) -> Result<Cek, Error> {
    let unknown = random::secret(length)?;
    let mut buffer = Zeroizing::new([0; MAX_ENCRYPTED_KEY_BYTES]);
    match key.decrypt(algorithm, encrypted, buffer.as_mut_slice(), None) {
        Ok(key) if key.len() == length => Cek::copied(key),
        _ => Ok(unknown),
    }
}

pub(super) fn secret(bytes: &[u8]) -> Result<Material, Error> {
    OctKey::new(Zeroizing::new(bytes.to_vec())).map(Material::Oct)
}

fn random_secret(length: usize) -> Result<Material, Error> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    random::fill(&mut bytes)?;
    OctKey::new(bytes).map(Material::Oct)
}
