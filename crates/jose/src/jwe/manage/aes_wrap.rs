//! AES key wrap (RFC 7518 section 4.4).

use aws_lc_rs::key_wrap::{AES_128, AES_256, AesBlockCipher, KeyEncryptionKey, KeyWrap};

use super::rfc3394;
use crate::error::Error;
use crate::jwe::algorithm::Aes;
use crate::jwe::content::Cek;
use crate::jwe::short::ShortSecret;

/// A key that wraps keys.
pub(crate) struct AesWrap {
    aes: Aes,
    key: ShortSecret,
}

impl AesWrap {
    pub(crate) fn new(aes: Aes, key: &[u8]) -> Result<Self, Error> {
        if key.len() == aes.bytes() {
            Ok(Self { aes, key: ShortSecret::copied(key)? })
        } else {
            Err(Error::SecretLength)
        }
    }

    /// A key that is derived by the caller.
    pub(crate) fn derived(aes: Aes, derive: impl FnOnce(&mut [u8]) -> Result<(), Error>) -> Result<Self, Error> {
        Ok(Self { aes, key: ShortSecret::filled(aes.bytes(), derive)? })
    }

    pub(crate) fn wrap(&self, key: &Cek) -> Result<Vec<u8>, Error> {
        let mut wrapped = vec![0; key.len() + OVERHEAD_BYTES];
        let outcome = match self.library() {
            Some(cipher) => KeyEncryptionKey::new(cipher, self.key.as_ref())
                .and_then(|wrapping| wrapping.wrap(key.as_ref(), &mut wrapped).map(|_| ())),
            None => rfc3394::wrap(self.aes, self.key.as_ref(), key.as_ref(), &mut wrapped),
        };
        outcome.map(|()| wrapped).map_err(|_| Error::Crypto)
    }

    pub(crate) fn unwrap(&self, wrapped: &[u8]) -> Result<Cek, Error> {
        let length = wrapped.len().checked_sub(OVERHEAD_BYTES).ok_or(Error::DecryptionFailed)?;
        Cek::filled(length, |key| {
            match self.library() {
                Some(cipher) => KeyEncryptionKey::new(cipher, self.key.as_ref())
                    .and_then(|wrapping| wrapping.unwrap(wrapped, key).map(|_| ())),
                None => rfc3394::unwrap(self.aes, self.key.as_ref(), wrapped, key),
            }
            .map_err(|_| Error::DecryptionFailed)
        })
    }

    const fn library(&self) -> Option<&'static AesBlockCipher> {
        match self.aes {
            Aes::Aes128 => Some(&AES_128),
            Aes::Aes192 => None,
            Aes::Aes256 => Some(&AES_256),
        }
    }
}

/// How much longer a wrapped key is than the key.
pub(crate) const OVERHEAD_BYTES: usize = 8;
