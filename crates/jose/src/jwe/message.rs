//! The encrypted content of a JWE, whoever it is for.

use super::algorithm::{ContentEncryptionAlgorithm, MAX_IV_BYTES, MAX_TAG_BYTES};
use super::compact::Parts;
use super::content::{self, Opener};
use super::short::Short;
use crate::base64url;
use crate::error::Error;

/// Ciphertext and what belongs to it, measured before any cryptography.
pub(crate) struct Message<'t> {
    aad: &'t [u8],
    iv: Short<MAX_IV_BYTES>,
    tag: Short<MAX_TAG_BYTES>,
    ciphertext: &'t str,
    /// Decoded already, for the first attempt.
    ready: Option<Vec<u8>>,
}

impl<'t> Message<'t> {
    /// # Errors
    /// [`Error::IvLength`], [`Error::TagLength`], [`Error::CiphertextLength`]; `base64url.*`.
    pub(crate) fn read(
        encryption: ContentEncryptionAlgorithm,
        aad: &'t [u8],
        [iv, ciphertext, tag]: [&'t str; 3],
    ) -> Result<Self, Error> {
        // RFC 7518 sections 5.2 and 5.3. A shortened tag is quickly forged (CVE-2018-1000539), and other vectors weaken
        // GCM.
        let iv = Short::decoded(iv, encryption.iv_bytes(), Error::IvLength)?;
        let tag = Short::decoded(tag, encryption.tag_bytes(), Error::TagLength)?;
        let decoded = base64url::decode(ciphertext)?;
        content::check_length(encryption, decoded.len())?;
        Ok(Self { aad, iv, tag, ciphertext, ready: Some(decoded) })
    }

    /// The message of a compact JWE.
    pub(crate) fn compact(parts: &Parts<'t>, encryption: ContentEncryptionAlgorithm) -> Result<Self, Error> {
        // RFC 7516 section 5.1 step 14: the additional authenticated data is the encoded header.
        Self::read(encryption, parts.header.as_bytes(), [parts.iv, parts.ciphertext, parts.tag])
    }

    /// Decrypts the message.
    ///
    /// # Errors
    /// [`Error::DecryptionFailed`].
    pub(crate) fn open(&mut self, opener: &Opener) -> Result<Vec<u8>, Error> {
        let mut content = self.ready.take().map_or_else(|| base64url::decode(self.ciphertext), Ok)?;
        opener.open(self.iv.as_ref(), self.aad, self.tag.as_ref(), &mut content)?;
        Ok(content)
    }
}
