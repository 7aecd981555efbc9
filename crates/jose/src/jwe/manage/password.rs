//! Keys from passwords (RFC 7518 section 4.8).

use core::num::NonZeroU32;
use std::sync::Arc;

use aws_lc_rs::pbkdf2;

use super::AesWrap;
use crate::error::Error;
use crate::jwe::algorithm::{Aes, KeyManagementAlgorithm};
use crate::jwe::content::Cek;
use crate::jwk::Material;
use crate::limits::{MAX_PBES2_COUNT, MIN_PBES2_COUNT, MIN_PBES2_SALT_BYTES};

/// A password from which keys are derived that wrap keys.
pub(crate) struct Password {
    algorithm: KeyManagementAlgorithm,
    hash: &'static pbkdf2::Algorithm,
    aes: Aes,
    secret: Arc<Material>,
}

/// The salt and the count, which are in the header.
pub(crate) struct Stretch {
    pub(crate) salt: Vec<u8>,
    pub(crate) count: NonZeroU32,
}

impl Password {
    pub(crate) const fn new(
        algorithm: KeyManagementAlgorithm,
        hash: &'static pbkdf2::Algorithm,
        aes: Aes,
        secret: Arc<Material>,
    ) -> Self {
        Self { algorithm, hash, aes, secret }
    }

    pub(crate) fn wrap(&self, stretch: &Stretch, key: &Cek) -> Result<Vec<u8>, Error> {
        self.wrapping_key(stretch)?.wrap(key)
    }

    pub(crate) fn unwrap(&self, stretch: &Stretch, encrypted: &[u8]) -> Result<Cek, Error> {
        self.wrapping_key(stretch)?.unwrap(encrypted)
    }

    fn wrapping_key(&self, stretch: &Stretch) -> Result<AesWrap, Error> {
        let Material::Oct(secret) = self.secret.as_ref() else { return Err(Error::KeyAlgorithm) };
        // RFC 7518 section 4.8.1.1: the algorithm's name is part of the salt.
        let salt = [self.algorithm.name().as_bytes(), &[0], &stretch.salt].concat();
        AesWrap::derived(self.aes, |key| {
            pbkdf2::derive(*self.hash, stretch.count, &salt, secret.secret(), key);
            Ok(())
        })
    }
}

impl Stretch {
    /// # Errors
    /// [`Error::Pbes2Salt`], [`Error::Pbes2Count`].
    pub(crate) fn new(salt: Vec<u8>, count: u64) -> Result<Self, Error> {
        // RFC 7518 section 4.8.1.1: eight octets or more.
        if salt.len() < MIN_PBES2_SALT_BYTES {
            return Err(Error::Pbes2Salt);
        }
        let count = u32::try_from(count).ok().filter(|count| (MIN_PBES2_COUNT..=MAX_PBES2_COUNT).contains(count));
        let count = count.and_then(NonZeroU32::new).ok_or(Error::Pbes2Count)?;
        Ok(Self { salt, count })
    }
}

/// The length of the salts made here: no two alike, ever.
pub(crate) const SALT_BYTES: usize = 16;
