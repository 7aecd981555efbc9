//! Decrypting a JWE (RFC 7516 section 5.2).

use std::sync::Arc;

use super::algorithm::{ContentEncryptionAlgorithm, KeyManagementAlgorithm};
use super::attempt::{Budget, Recipient, decode_encrypted_key, first_success};
use super::compact::Parts;
use super::decrypted::{Decrypted, Origin};
use super::header::{Header, Places};
use super::key::{DecryptionKey, DecryptionKeys};
use super::manage::KeyParameters;
use super::message::Message;
use super::zip;
use crate::base64url;
use crate::error::Error;
use crate::json::Document;
use crate::jws::UnknownKeyId;
use crate::limits::Limits;

/// What is accepted as a JWE. Immutable, cheap to share, and without any hidden default: the algorithms must be named.
#[derive(Debug, Clone)]
pub struct Decrypter {
    /// The key management algorithms that are allowed. Without any, nothing is. With one of PBES2, whoever sends a JWE
    /// makes its recipient calculate for up to a second.
    pub algorithms: Vec<KeyManagementAlgorithm>,
    /// The content encryption algorithms that are allowed. Without any, nothing is.
    pub encryptions: Vec<ContentEncryptionAlgorithm>,
    /// How much is read before anything has been decrypted.
    pub limits: Limits,
    /// The extensions that the caller understands and will honour when they stand in `crit`.
    pub understood: Vec<String>,
    /// What to do when no key has the JWE's `kid`.
    pub unknown_key_id: UnknownKeyId,
    /// What to do with compressed content.
    pub compression: Compression,
}

/// What to do with content that was compressed before it was encrypted (RFC 7516 section 4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Refuse it: [`Error::CompressionNotAllowed`]. The length of compressed content tells about it, which is how the
    /// CRIME attack works.
    #[default]
    Refused,
    /// Decompress it, up to [`MAX_INFLATED_BYTES`](crate::limits::MAX_INFLATED_BYTES).
    Accepted,
}

impl Decrypter {
    /// A decrypter that allows some algorithms.
    ///
    /// ```
    /// use probity_jose::jwe::{ContentEncryptionAlgorithm, Decrypter, DecryptionKeys, KeyManagementAlgorithm};
    /// // RFC 7516 appendix A.3
    /// let keys = DecryptionKeys::from_jwk(br#"{"kty":"oct","k":"GawgguFyGrWKav7AX4VKUg","alg":"A128KW"}"#)?;
    /// let token = "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.\
    ///              6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.AxY8DCtDaGlsbGljb3RoZQ.\
    ///              KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ";
    /// let decrypter = Decrypter::new([KeyManagementAlgorithm::A128Kw], [ContentEncryptionAlgorithm::A128CbcHs256]);
    /// assert_eq!(decrypter.decrypt(token, &keys)?.content(), b"Live long and prosper.");
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn new(
        algorithms: impl IntoIterator<Item = KeyManagementAlgorithm>,
        encryptions: impl IntoIterator<Item = ContentEncryptionAlgorithm>,
    ) -> Self {
        Self {
            algorithms: algorithms.into_iter().collect(),
            encryptions: encryptions.into_iter().collect(),
            limits: Limits::JWE,
            understood: Vec::new(),
            unknown_key_id: UnknownKeyId::Refuse,
            compression: Compression::Refused,
        }
    }

    /// Decrypts a compact JWE.
    ///
    /// A JWE without `kid` is tried with every key that fits it, up to
    /// [`MAX_KEY_ATTEMPTS`](crate::limits::MAX_KEY_ATTEMPTS).
    ///
    /// # Errors
    /// `jwe.*`, `json.*` and `base64url.*`: what is wrong with the JWE, or that no key fits. Of what only a key's owner
    /// could know nothing is told: that is always [`Error::DecryptionFailed`].
    pub fn decrypt(&self, token: &str, keys: &DecryptionKeys) -> Result<Decrypted, Error> {
        if token.len() > self.limits.token_bytes {
            return Err(Error::JweTooLarge);
        }
        let parts = Parts::split(token)?;
        self.decrypt_parts(&parts, keys).map_err(|error| parts.explain(error))
    }

    fn decrypt_parts(&self, parts: &Parts<'_>, keys: &DecryptionKeys) -> Result<Decrypted, Error> {
        // A header that has led to a decrypted JWE before is not read again.
        if let Some(known) = keys.known().find(parts.header) {
            let Origin { header, key } = &**known;
            self.check_header(header)?;
            let mut message = Message::compact(parts, header.encryption())?;
            let encrypted = decode_encrypted_key(parts.encrypted_key)?;
            let recipient = Recipient { header, parameters: &KeyParameters::None, encrypted: &encrypted };
            let (content, _) = first_success(&recipient, &mut message, &[key], &mut Budget::default())?;
            return Ok(Decrypted::new(decompressed(content, header)?, Arc::clone(known)));
        }
        let json = self.decode_header(parts.header)?;
        let document = Document::parse(&json)?;
        let (header, parameters) = Places::protected(document.root()).read()?;
        let parameters = parameters.read(header.algorithm())?;
        self.check_header(&header)?;
        let mut message = Message::compact(parts, header.encryption())?;
        let encrypted = decode_encrypted_key(parts.encrypted_key)?;
        let candidates = self.candidates(&header, keys)?;
        let recipient = Recipient { header: &header, parameters: &parameters, encrypted: &encrypted };
        let (content, key) = first_success(&recipient, &mut message, &candidates, &mut Budget::default())?;
        let content = decompressed(content, &header)?;
        let origin = Arc::new(Origin { header, key: key.clone() });
        // Only what leads to this one key under any policy, and stands in other JWEs too, is worth remembering.
        let lasting = matches!(parameters, KeyParameters::None) && candidates.len() == 1;
        if lasting && self.unknown_key_id == UnknownKeyId::Refuse {
            keys.known().remember(parts.header, Arc::clone(&origin));
        }
        Ok(Decrypted::new(content, origin))
    }

    pub(super) fn decode_header(&self, encoded: &str) -> Result<Vec<u8>, Error> {
        if base64url::decoded_len(encoded.len()) > self.limits.header_bytes {
            return Err(Error::JweHeaderTooLarge);
        }
        base64url::decode(encoded)
    }

    pub(super) fn check_header(&self, header: &Header) -> Result<(), Error> {
        if !self.algorithms.contains(&header.algorithm()) {
            return Err(Error::KeyManagementNotAllowed);
        }
        if !self.encryptions.contains(&header.encryption()) {
            return Err(Error::ContentEncryptionNotAllowed);
        }
        // RFC 7516 section 4.1.13: what is not understood makes the JWE invalid.
        if !header.critical().iter().all(|name| self.understood.contains(name)) {
            return Err(Error::JweCriticalUnknown);
        }
        if header.is_compressed() && self.compression == Compression::Refused {
            return Err(Error::CompressionNotAllowed);
        }
        Ok(())
    }

    /// The keys that a header leads to.
    pub(super) fn candidates<'s>(
        &self,
        header: &Header,
        keys: &'s DecryptionKeys,
    ) -> Result<Vec<&'s DecryptionKey>, Error> {
        match keys.candidates(header) {
            Err(Error::DecryptionKeyNotFound) if self.unknown_key_id == UnknownKeyId::TryAllKeys => {
                keys.all_for(header)
            }
            found => found,
        }
    }
}

pub(super) fn decompressed(content: Vec<u8>, header: &Header) -> Result<Vec<u8>, Error> {
    if header.is_compressed() { zip::inflate(&content) } else { Ok(content) }
}
