//! What a JWK may be for in encryption, by what it says and by its type.

use crate::error::Error;
use crate::jwe::algorithm::{ContentEncryptionAlgorithm, KeyManagementAlgorithm, Mode};
use crate::jwe::manage::AgreementCurve;
use crate::jwk::{Jwk, Material, Operation};

/// The algorithm of a key. A key that encrypts the content itself has the content's algorithm as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Role {
    pub(super) algorithm: KeyManagementAlgorithm,
    pub(super) encryption: Option<ContentEncryptionAlgorithm>,
}

/// What is done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Encrypt,
    Decrypt,
}

impl Role {
    pub(super) const fn of(algorithm: KeyManagementAlgorithm) -> Self {
        Self { algorithm, encryption: None }
    }

    pub(super) const fn direct(encryption: ContentEncryptionAlgorithm) -> Self {
        Self { algorithm: KeyManagementAlgorithm::Dir, encryption: Some(encryption) }
    }

    /// The `alg` of a JWK in this role. RFC 7520 section 5.6 names the content encryption in that of a shared key, and
    /// so do we: `dir` would not say which.
    pub(super) const fn name(self) -> &'static str {
        match self.encryption {
            Some(encryption) => encryption.name(),
            None => self.algorithm.name(),
        }
    }

    /// All roles of an algorithm.
    fn all_of(algorithm: KeyManagementAlgorithm) -> Vec<Self> {
        match algorithm {
            KeyManagementAlgorithm::Dir => ContentEncryptionAlgorithm::ALL.iter().copied().map(Self::direct).collect(),
            _ => vec![Self::of(algorithm)],
        }
    }

    /// The roles that a JWK may have: those that it names, or all that its type and size allow.
    ///
    /// # Errors
    /// [`Error::KeyUse`], [`Error::KeyAlgorithm`], [`Error::SecretLength`]; [`Error::Rsa15`].
    pub(super) fn all_for(jwk: &Jwk, direction: Direction) -> Result<Vec<Self>, Error> {
        let parameters = jwk.parameters();
        if !parameters.for_use("enc") {
            return Err(Error::KeyUse);
        }
        let named = match parameters.algorithm.as_deref() {
            None => KeyManagementAlgorithm::ALL.iter().copied().flat_map(Self::all_of).collect(),
            Some(name) => Self::named(name)?,
        };
        let fitting: Vec<_> = named.iter().copied().filter(|role| role.check_fits(jwk.material()).is_ok()).collect();
        if fitting.is_empty() {
            // A key that names its algorithm must fit it; one that does not is for something else.
            return Err(match named.as_slice() {
                [first, ..] if parameters.algorithm.is_some() => {
                    first.check_fits(jwk.material()).err().unwrap_or(Error::KeyAlgorithm)
                }
                _ => Error::KeyUse,
            });
        }
        let usable: Vec<_> = fitting.into_iter().filter(|role| role.is_allowed(jwk, direction)).collect();
        if usable.is_empty() { Err(Error::KeyUse) } else { Ok(usable) }
    }

    fn named(name: &str) -> Result<Vec<Self>, Error> {
        if let Ok(encryption) = name.parse() {
            return Ok(vec![Self::direct(encryption)]);
        }
        let algorithm = name.parse::<KeyManagementAlgorithm>();
        algorithm.map(Self::all_of).map_err(|error| if error == Error::Rsa15 { error } else { Error::KeyAlgorithm })
    }

    /// The one role of a JWK with an algorithm.
    ///
    /// # Errors
    /// As [`all_for`](Self::all_for); [`Error::KeyAlgorithm`] when the JWK is for another algorithm, and
    /// [`Error::KeyAlgorithmMissing`] when it does not say which of several contents it encrypts.
    pub(super) fn only(jwk: &Jwk, algorithm: KeyManagementAlgorithm, direction: Direction) -> Result<Self, Error> {
        let mut roles = Self::all_for(jwk, direction)?;
        roles.retain(|role| role.algorithm == algorithm);
        match roles.as_slice() {
            [only] => Ok(*only),
            [] => {
                // A key that could have had this algorithm is for another one.
                let refusals = Self::all_of(algorithm).into_iter().map(|role| role.check_fits(jwk.material()));
                let refusal = refusals.reduce(Result::or).unwrap_or(Ok(()));
                refusal.and(Err(Error::KeyAlgorithm))
            }
            _ => Err(Error::KeyAlgorithmMissing),
        }
    }

    /// The role of a JWK that encrypts the content itself.
    pub(super) fn only_direct(
        jwk: &Jwk,
        encryption: ContentEncryptionAlgorithm,
        direction: Direction,
    ) -> Result<Self, Error> {
        let role = Self::direct(encryption);
        if Self::all_for(jwk, direction)?.contains(&role) {
            return Ok(role);
        }
        role.check_fits(jwk.material()).and(Err(Error::KeyAlgorithm))
    }

    /// Whether a key can have this role.
    pub(super) fn check_fits(self, key: &Material) -> Result<(), Error> {
        let secret_of = |length: usize| match key {
            Material::Oct(key) if key.secret().len() == length => Ok(()),
            Material::Oct(_) => Err(Error::SecretLength),
            _ => Err(Error::KeyAlgorithm),
        };
        let fits = match self.algorithm.mode() {
            Mode::Direct => return secret_of(self.encryption.ok_or(Error::KeyAlgorithm)?.key_bytes()),
            Mode::AesWrap(aes) | Mode::GcmWrap(aes) => return secret_of(aes.bytes()),
            Mode::Rsa(_) => matches!(key, Material::Rsa(_)),
            Mode::Agreement(_) => AgreementCurve::of(key).is_some(),
            Mode::Password(..) => matches!(key, Material::Oct(_)),
        };
        if fits { Ok(()) } else { Err(Error::KeyAlgorithm) }
    }

    /// Whether `key_ops` allows this role (RFC 7517 section 4.3). Keys that wrap a key may say so, or that they encrypt.
    fn is_allowed(self, jwk: &Jwk, direction: Direction) -> bool {
        let operations: &[Operation] = match (self.algorithm.mode(), direction) {
            (Mode::Direct, Direction::Encrypt) => &[Operation::Encrypt],
            (Mode::Direct, Direction::Decrypt) => &[Operation::Decrypt],
            (Mode::Agreement(_), _) => &[Operation::DeriveKey, Operation::DeriveBits],
            (Mode::Password(..), Direction::Encrypt) => {
                &[Operation::DeriveKey, Operation::DeriveBits, Operation::WrapKey]
            }
            (Mode::Password(..), Direction::Decrypt) => {
                &[Operation::DeriveKey, Operation::DeriveBits, Operation::UnwrapKey]
            }
            (_, Direction::Encrypt) => &[Operation::WrapKey, Operation::Encrypt],
            (_, Direction::Decrypt) => &[Operation::UnwrapKey, Operation::Decrypt],
        };
        operations.iter().any(|operation| jwk.parameters().allows(*operation))
    }
}

impl Jwk {
    /// The key management algorithms that this key fits, in any direction: the one that it names, or all that its type
    /// and size allow.
    ///
    /// # Errors
    /// [`Error::KeyUse`] when it is not for encryption; [`Error::KeyAlgorithm`] and [`Error::SecretLength`] when it names
    /// an algorithm that does not fit it; [`Error::Rsa15`].
    ///
    /// ```
    /// use probity_jose::{jwe::KeyManagementAlgorithm, jwk::Jwk};
    /// let jwk = Jwk::parse(br#"{"kty":"oct","k":"GZy6sIZ6wl9NJOKB-jnmVQ","alg":"A128KW"}"#)?;
    /// assert_eq!(jwk.key_management_algorithms()?, [KeyManagementAlgorithm::A128Kw]);
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn key_management_algorithms(&self) -> Result<Vec<KeyManagementAlgorithm>, Error> {
        let roles = Role::all_for(self, Direction::Decrypt).or_else(|_| Role::all_for(self, Direction::Encrypt))?;
        let mut algorithms: Vec<_> = roles.into_iter().map(|role| role.algorithm).collect();
        algorithms.dedup();
        Ok(algorithms)
    }
}
