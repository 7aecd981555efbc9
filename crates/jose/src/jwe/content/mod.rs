//! Encryption and authentication of the content (RFC 7518 section 5).
//!
//! Both directions work in place, in the memory that holds the content anyway.

mod cbc_hmac;

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey};

use super::algorithm::{Aes, CBC_IV_BYTES, Cipher, ContentEncryptionAlgorithm, MAX_IV_BYTES, MAX_TAG_BYTES};
use super::short::{Short, ShortSecret};
use crate::error::Error;

/// The key of the content (RFC 7516 section 2, "Content Encryption Key").
pub(crate) type Cek = ShortSecret;
/// An initialization vector.
pub(crate) type Iv = Short<MAX_IV_BYTES>;
/// An authentication tag.
pub(crate) type Tag = Short<MAX_TAG_BYTES>;

/// What decrypts content with one key.
pub(crate) enum Opener {
    Gcm(LessSafeKey),
    CbcHmac(Box<cbc_hmac::Opener>),
}

/// What encrypts content with one key.
pub(crate) enum Sealer {
    Gcm(LessSafeKey),
    CbcHmac(Box<cbc_hmac::Sealer>),
}

impl Opener {
    /// Prepares a key, which must have the length of the algorithm's.
    pub(crate) fn new(algorithm: ContentEncryptionAlgorithm, key: &[u8]) -> Result<Self, Error> {
        check_key(algorithm, key)?;
        Ok(match algorithm.cipher() {
            Cipher::Gcm(aes) => Self::Gcm(gcm_key(aes, key)?),
            Cipher::CbcHmac(aes, hash) => Self::CbcHmac(Box::new(cbc_hmac::Opener::new(aes, hash, key)?)),
        })
    }

    /// Decrypts content in place. Nothing of it is left when the tag is wrong.
    ///
    /// # Errors
    /// [`Error::DecryptionFailed`], whatever is wrong.
    pub(crate) fn open(&self, iv: &[u8], aad: &[u8], tag: &[u8], content: &mut Vec<u8>) -> Result<(), Error> {
        let outcome = match self {
            Self::Gcm(key) => open_gcm(key, iv, aad, tag, content),
            Self::CbcHmac(key) => key.open(iv, aad, tag, content),
        };
        if outcome.is_err() {
            content.clear();
        }
        outcome.map_err(|_| Error::DecryptionFailed)
    }
}

impl Sealer {
    /// Prepares a key, which must have the length of the algorithm's.
    pub(crate) fn new(algorithm: ContentEncryptionAlgorithm, key: &[u8]) -> Result<Self, Error> {
        check_key(algorithm, key)?;
        Ok(match algorithm.cipher() {
            Cipher::Gcm(aes) => Self::Gcm(gcm_key(aes, key)?),
            Cipher::CbcHmac(aes, hash) => Self::CbcHmac(Box::new(cbc_hmac::Sealer::new(aes, hash, key)?)),
        })
    }

    /// Encrypts content in place.
    pub(crate) fn seal(&self, iv: &[u8], aad: &[u8], content: &mut Vec<u8>) -> Result<Tag, Error> {
        match self {
            Self::Gcm(key) => {
                let nonce = Nonce::try_assume_unique_for_key(iv).map_err(|_| Error::Crypto)?;
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), content);
                Tag::copied(tag.map_err(|_| Error::Crypto)?.as_ref())
            }
            Self::CbcHmac(key) => key.seal(iv, aad, content),
        }
    }
}

/// Whether ciphertext can have this length (RFC 7518 section 5.2.2.1: padded to whole blocks).
pub(crate) fn check_length(algorithm: ContentEncryptionAlgorithm, length: usize) -> Result<(), Error> {
    let possible = match algorithm.cipher() {
        Cipher::Gcm(_) => true,
        Cipher::CbcHmac(..) => length != 0 && length.is_multiple_of(CBC_IV_BYTES),
    };
    if possible { Ok(()) } else { Err(Error::CiphertextLength) }
}

fn check_key(algorithm: ContentEncryptionAlgorithm, key: &[u8]) -> Result<(), Error> {
    if key.len() == algorithm.key_bytes() { Ok(()) } else { Err(Error::SecretLength) }
}

pub(crate) fn gcm_key(aes: Aes, key: &[u8]) -> Result<LessSafeKey, Error> {
    UnboundKey::new(aes.gcm(), key).map(LessSafeKey::new).map_err(|_| Error::Crypto)
}

fn open_gcm(key: &LessSafeKey, iv: &[u8], aad: &[u8], tag: &[u8], content: &mut [u8]) -> Result<(), Error> {
    let nonce = Nonce::try_assume_unique_for_key(iv).map_err(|_| Error::IvLength)?;
    let opened = key.open_in_place_separate_tag(nonce, Aad::from(aad), tag, content);
    opened.map(|_| ()).map_err(|_| Error::DecryptionFailed)
}
