//! Decrypting a JWE with HPKE.

use core::fmt;

use zeroize::Zeroizing;

use super::algorithm::HpkeAlgorithm;
use super::header::{Header, recipient_info};
use super::key::DecryptionKey;
use crate::base64url;
use crate::error::Error;
use crate::json::{Document, Value};
use crate::jwe::ContentEncryptionAlgorithm;
use crate::jwe::compact::Parts;
use crate::jwe::content::Opener;
use crate::jwe::message::Message;
use crate::limits::{Limits, MAX_KEY_ATTEMPTS};

/// What is accepted as a JWE with HPKE.
#[derive(Debug, Clone)]
pub struct Decrypter {
    /// The algorithms that are allowed. Without any, nothing is.
    pub algorithms: Vec<HpkeAlgorithm>,
    /// The content encryption algorithms that are allowed where HPKE encrypts only the content's key.
    pub encryptions: Vec<ContentEncryptionAlgorithm>,
    /// How much is read before anything has been decrypted.
    pub limits: Limits,
    /// The extensions that the caller understands and will honour when they stand in `crit`.
    pub understood: Vec<String>,
}

/// Content that has been decrypted: confidential, and not authentic.
pub struct Decrypted {
    content: Vec<u8>,
    protected: String,
    additional_data: Option<Vec<u8>>,
}

impl Decrypter {
    /// A decrypter that allows some algorithms.
    pub fn new(
        algorithms: impl IntoIterator<Item = HpkeAlgorithm>,
        encryptions: impl IntoIterator<Item = ContentEncryptionAlgorithm>,
    ) -> Self {
        let (algorithms, encryptions) = (algorithms.into_iter().collect(), encryptions.into_iter().collect());
        Self { algorithms, encryptions, limits: Limits::JWE, understood: Vec::new() }
    }

    /// Decrypts a compact JWE. One without `kid` is tried with every key of its algorithm.
    ///
    /// # Errors
    /// `jwe.*`, `json.*` and `base64url.*`: what is wrong with the JWE, or that no key fits.
    pub fn decrypt(&self, token: &str, keys: &[DecryptionKey]) -> Result<Decrypted, Error> {
        if token.len() > self.limits.token_bytes {
            return Err(Error::JweTooLarge);
        }
        let parts = Parts::split(token)?;
        let envelope = Envelope {
            protected: parts.header,
            aad: parts.header,
            encrypted_key: parts.encrypted_key,
            message: [parts.iv, parts.ciphertext, parts.tag],
        };
        self.decrypt_envelope(&envelope, keys).map_err(|error| parts.explain(error))
    }

    /// Decrypts a JWE in flattened JSON serialization. All of its header must be protected.
    ///
    /// # Errors
    /// As [`decrypt`](Self::decrypt); [`Error::NotJsonJwe`]; [`Error::JweHeaderUnprotected`].
    pub fn decrypt_json(&self, json: &[u8], keys: &[DecryptionKey]) -> Result<Decrypted, Error> {
        if json.len() > self.limits.token_bytes {
            return Err(Error::JweTooLarge);
        }
        let document = Document::parse(json)?;
        let root = document.root();
        root.members().ok_or(Error::NotJsonJwe)?;
        if ["header", "unprotected", "recipients"].iter().any(|name| root.member(name).is_some()) {
            return Err(Error::JweHeaderUnprotected);
        }
        // RFC 7516 section 7.2.1: absent when it is empty.
        let text = |name| match root.member(name) {
            None => Ok(None),
            Some(value) => value.as_str().filter(|text| !text.is_empty()).map(Some).ok_or(Error::NotJsonJwe),
        };
        let ciphertext = root.member("ciphertext").and_then(Value::as_str).ok_or(Error::NotJsonJwe)?;
        let (protected, aad) = (text("protected")?.ok_or(Error::NotJsonJwe)?, text("aad")?);
        let additional_data = aad.as_deref().map(base64url::decode).transpose()?;
        let authenticated = aad.map_or_else(|| protected.to_string(), |aad| [&protected, ".", &aad].concat());
        let (iv, tag, encrypted_key) = (text("iv")?, text("tag")?, text("encrypted_key")?);
        let envelope = Envelope {
            protected: &protected,
            aad: &authenticated,
            encrypted_key: encrypted_key.as_deref().unwrap_or_default(),
            message: [iv.as_deref().unwrap_or_default(), &ciphertext, tag.as_deref().unwrap_or_default()],
        };
        let decrypted = self.decrypt_envelope(&envelope, keys)?;
        Ok(Decrypted { additional_data, ..decrypted })
    }

    fn decrypt_envelope(&self, envelope: &Envelope<'_>, keys: &[DecryptionKey]) -> Result<Decrypted, Error> {
        if base64url::decoded_len(envelope.protected.len()) > self.limits.header_bytes {
            return Err(Error::JweHeaderTooLarge);
        }
        let protected = base64url::decode(envelope.protected)?;
        let header = Header::parse(&protected)?;
        self.check(&header)?;
        let fits = |key: &&DecryptionKey| {
            let named = header.key_id.as_deref().is_none_or(|key_id| key.key_id().is_none_or(|own| own == key_id));
            key.algorithm() == header.algorithm && named
        };
        let fitting: Vec<_> = keys.iter().filter(fits).collect();
        match fitting.len() {
            0 => return Err(Error::DecryptionKeyNotFound),
            1..=MAX_KEY_ATTEMPTS => {}
            _ => return Err(Error::TooManyDecryptionKeys),
        }
        let outcomes = fitting.into_iter().map(|key| envelope.open(&header, key));
        let first = outcomes.reduce(|first, next| if first.is_ok() { first } else { next });
        let content = first.unwrap_or(Err(Error::DecryptionKeyNotFound))?;
        let protected = String::from_utf8(protected).map_err(|_| Error::JsonNotUtf8)?;
        Ok(Decrypted { content, protected, additional_data: None })
    }

    fn check(&self, header: &Header) -> Result<(), Error> {
        if !self.algorithms.contains(&header.algorithm) {
            return Err(Error::KeyManagementNotAllowed);
        }
        if !header.encryption.is_none_or(|encryption| self.encryptions.contains(&encryption)) {
            return Err(Error::ContentEncryptionNotAllowed);
        }
        let understood = header.critical.iter().all(|name| self.understood.contains(name));
        if understood { Ok(()) } else { Err(Error::JweCriticalUnknown) }
    }
}

impl Decrypted {
    /// The content.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Takes the content.
    pub fn into_content(self) -> Vec<u8> {
        self.content
    }

    /// The protected header's JSON text.
    pub fn protected(&self) -> &str {
        &self.protected
    }

    /// `aad`: what is not encrypted, but protected with the content.
    pub fn additional_data(&self) -> Option<&[u8]> {
        self.additional_data.as_deref()
    }
}

/// Without the content, which is confidential.
impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypted").field("protected", &self.protected).finish_non_exhaustive()
    }
}

/// A JWE's parts, from either serialization.
struct Envelope<'t> {
    protected: &'t str,
    aad: &'t str,
    encrypted_key: &'t str,
    /// Initialization vector, ciphertext and tag.
    message: [&'t str; 3],
}

impl Envelope<'_> {
    fn open(&self, header: &Header, key: &DecryptionKey) -> Result<Vec<u8>, Error> {
        let encrypted_key = base64url::decode(self.encrypted_key)?;
        match header.encryption.zip(header.encapsulated.as_ref()) {
            Some((encryption, encapsulated)) => self.open_with_key(encryption, encapsulated, encrypted_key, key),
            None => self.open_integrated(&encrypted_key, key),
        }
    }

    fn open_integrated(&self, encapsulated: &[u8], key: &DecryptionKey) -> Result<Vec<u8>, Error> {
        let [iv, ciphertext, tag] = self.message;
        // HPKE has its own nonce, and its tag is at the end of the ciphertext.
        if !iv.is_empty() {
            return Err(Error::IvLength);
        }
        if !tag.is_empty() {
            return Err(Error::TagLength);
        }
        let ciphertext = base64url::decode(ciphertext)?;
        key.context(encapsulated, &[])?.open(self.aad.as_bytes(), ciphertext)
    }

    fn open_with_key(
        &self,
        encryption: ContentEncryptionAlgorithm,
        encapsulated: &[u8],
        encrypted_key: Vec<u8>,
        key: &DecryptionKey,
    ) -> Result<Vec<u8>, Error> {
        let mut message = Message::read(encryption, self.aad.as_bytes(), self.message)?;
        let context = key.context(encapsulated, &recipient_info(encryption))?;
        let content_key = Zeroizing::new(context.open(&[], encrypted_key)?);
        let opener = Opener::new(encryption, &content_key).map_err(|_| Error::DecryptionFailed)?;
        message.open(&opener)
    }
}
