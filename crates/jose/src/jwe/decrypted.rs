//! What comes out of a JWE.

use core::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::header::Header;
use super::key::DecryptionKey;
use crate::error::Error;
use crate::json::Document;

/// Content that has been decrypted: confidential, and not authentic.
///
/// Anybody who has a recipient's public key can encrypt anything for it, so that nothing is known about who wrote this.
/// It never becomes a `Verified`; for that there is a signature inside, and [`jwt::Nested`](crate::jwt::Nested) for both
/// steps in one.
///
/// ```compile_fail
/// use probity_jose::{jwe, jwt};
/// fn trust(decrypted: jwe::Decrypted<serde_json::Value>) -> jwt::Verified<serde_json::Value> {
///     decrypted.into()
/// }
/// ```
#[derive(Clone)]
pub struct Decrypted<T = Vec<u8>> {
    content: T,
    origin: Arc<Origin>,
    recipient: usize,
    additional_data: Option<Vec<u8>>,
}

/// A header, and the key that it led to.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) header: Header,
    pub(crate) key: DecryptionKey,
}

impl Decrypted {
    pub(super) const fn new(content: Vec<u8>, origin: Arc<Origin>) -> Self {
        Self { content, origin, recipient: 0, additional_data: None }
    }

    pub(super) fn of_json(self, recipient: usize, additional_data: Option<Vec<u8>>) -> Self {
        Self { recipient, additional_data, ..self }
    }

    /// Reads the content as JSON into a type.
    ///
    /// # Errors
    /// `json.*`; [`Error::ClaimsMismatch`] when it does not fit.
    pub fn deserialize<T: DeserializeOwned>(self) -> Result<Decrypted<T>, Error> {
        let content = Document::parse(&self.content)?.deserialize().map_err(|_| Error::ClaimsMismatch)?;
        let Self { origin, recipient, additional_data, .. } = self;
        Ok(Decrypted { content, origin, recipient, additional_data })
    }

    /// Reads the content as JSON into a type that may borrow from it, so that nothing is copied.
    ///
    /// # Errors
    /// As [`deserialize`](Self::deserialize).
    ///
    /// ```
    /// use probity_jose::jwe::{self, ContentEncryptionAlgorithm::A256Gcm, DecryptionKey, Decrypter, NewHeader};
    /// #[derive(serde::Deserialize)]
    /// struct Claims<'a> {
    ///     sub: &'a str,
    /// }
    /// let key = DecryptionKey::generate_direct(A256Gcm)?.with_key_id("shared");
    /// let token = jwe::encrypt(&NewHeader::default(), A256Gcm, br#"{"sub":"u-7"}"#, &key.encryption_key()?)?;
    /// let decrypted = Decrypter::new([key.algorithm()], [A256Gcm]).decrypt(&token, &key.into())?;
    /// assert_eq!(decrypted.read::<Claims>()?.sub, "u-7");
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        Document::parse(&self.content)?.deserialize().map_err(|_| Error::ClaimsMismatch)
    }
}

impl<T> Decrypted<T> {
    /// The content.
    pub fn content(&self) -> &T {
        &self.content
    }

    /// Takes the content.
    pub fn into_content(self) -> T {
        self.content
    }

    /// The header. Nobody has signed it, but nobody without the content's key has written what is protected.
    pub fn header(&self) -> &Header {
        &self.origin.header
    }

    /// The key that decrypted the content.
    pub fn key(&self) -> &DecryptionKey {
        &self.origin.key
    }

    /// For which of the recipients this was decrypted, counted from zero.
    pub fn recipient(&self) -> usize {
        self.recipient
    }

    /// `aad`: what is not encrypted, but protected with the content. Only a JWE in JSON serialization has it.
    pub fn additional_data(&self) -> Option<&[u8]> {
        self.additional_data.as_deref()
    }
}

/// Without the content, which is confidential.
impl<T> fmt::Debug for Decrypted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypted")
            .field("header", self.header())
            .field("key", self.key())
            .field("recipient", &self.recipient)
            .finish_non_exhaustive()
    }
}
