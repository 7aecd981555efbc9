//! Making a compact JWE (RFC 7516 section 5.1).

use super::algorithm::ContentEncryptionAlgorithm;
use super::content::{Iv, Sealer, Tag};
use super::header::Places;
use super::key::{EncryptionKey, Options};
use super::manage::KeyParameters;
use super::new_header::{self, NewHeader};
use super::{random, zip};
use crate::base64url;
use crate::error::Error;
use crate::json::Document;

/// Makes compact JWEs with one header and one key. What is the same in all of them is made once.
///
/// ```
/// use probity_jose::jwe::{ContentEncryptionAlgorithm, Decrypter, DecryptionKey, Encrypter, NewHeader};
/// let key = DecryptionKey::generate_direct(ContentEncryptionAlgorithm::A256Gcm)?.with_key_id("shared");
/// let encrypter = Encrypter::new(&NewHeader::default(), ContentEncryptionAlgorithm::A256Gcm, &key.encryption_key()?)?;
/// let token = encrypter.encrypt(b"secret")?;
///
/// let decrypter = Decrypter::new([key.algorithm()], [ContentEncryptionAlgorithm::A256Gcm]);
/// assert_eq!(decrypter.decrypt(&token, &key.into())?.content(), b"secret");
/// # Ok::<(), probity_jose::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Encrypter {
    key: EncryptionKey,
    encryption: ContentEncryptionAlgorithm,
    options: Options,
    compress: bool,
    /// The header's JSON text, without parameters that are new each time.
    header: String,
    /// The same, encoded.
    encoded: String,
}

impl Encrypter {
    /// An encrypter for a header, a content encryption and a key.
    ///
    /// # Errors
    /// [`Error::HeaderContradiction`] when the header, the key and the content encryption don't agree, or the header
    /// has parameters that are made anew for each JWE. The errors of reading a header when it is one that nobody would
    /// read.
    pub fn new(header: &NewHeader, encryption: ContentEncryptionAlgorithm, key: &EncryptionKey) -> Result<Self, Error> {
        let mut members = header.members(encryption)?;
        let has_key_id = members.contains_key("kid");
        new_header::put_key(&mut members, key, has_key_id)?;
        let count = new_header::take_count(&mut members, key)?;
        let json = new_header::to_json(&members, &KeyParameters::None)?;
        let (header, options) =
            new_header::check(Places::protected(Document::parse(json.as_bytes())?.root()), key, count)?;
        let encoded = base64url::encode(json.as_bytes());
        let compress = header.is_compressed();
        Ok(Self { key: key.clone(), encryption, options, compress, header: json, encoded })
    }

    /// Makes a compact JWE. Content that is handed over as a vector is encrypted where it is.
    ///
    /// # Errors
    /// [`Error::Crypto`] when there is no randomness; [`Error::Pbes2Count`]; [`Error::InflatedTooLarge`] when the
    /// content is to be compressed and larger than a recipient with our limits would read.
    pub fn encrypt(&self, content: impl Into<Vec<u8>>) -> Result<String, Error> {
        let content = compressed_if(self.compress, content.into())?;
        self.key.with_sealer(self.encryption, &self.options, |sealer, wrapped| {
            let mut token = Vec::with_capacity(self.token_bytes(content.len(), wrapped.encrypted.len()));
            match &wrapped.parameters {
                KeyParameters::None => token.extend_from_slice(self.encoded.as_bytes()),
                parameters => {
                    let mut header = self.header.clone();
                    new_header::append(&mut header, parameters);
                    base64url::append(header.as_bytes(), &mut token);
                }
            }
            let sealed = Sealed::new(sealer, self.encryption, &token, content)?;
            for part in [&wrapped.encrypted, sealed.iv.as_ref(), &sealed.ciphertext, sealed.tag.as_ref()] {
                token.push(b'.');
                base64url::append(part, &mut token);
            }
            String::from_utf8(token).map_err(|_| Error::Crypto)
        })
    }

    /// About how long a JWE gets, so that its memory is not moved while it grows.
    fn token_bytes(&self, content: usize, encrypted: usize) -> usize {
        self.encoded.len() + (content + encrypted) * 4 / 3 + OTHER_BYTES
    }
}

/// Makes a compact JWE. For several with one key, an [`Encrypter`] does part of it only once.
///
/// # Errors
/// As [`Encrypter::new`] and [`Encrypter::encrypt`].
///
/// ```
/// use probity_jose::jwe::{self, ContentEncryptionAlgorithm, EncryptionKey, KeyManagementAlgorithm};
/// let jwk = br#"{"kty":"OKP","crv":"X25519","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"}"#;
/// let key = EncryptionKey::from_jwk(jwk, KeyManagementAlgorithm::EcdhEsA256Kw)?;
/// let token = jwe::encrypt(&jwe::NewHeader::default(), ContentEncryptionAlgorithm::A256Gcm, b"secret", &key)?;
/// assert_eq!(token.matches('.').count(), 4);
/// # Ok::<(), probity_jose::Error>(())
/// ```
pub fn encrypt(
    header: &NewHeader,
    encryption: ContentEncryptionAlgorithm,
    content: impl Into<Vec<u8>>,
    key: &EncryptionKey,
) -> Result<String, Error> {
    Encrypter::new(header, encryption, key)?.encrypt(content)
}

/// Content that has been encrypted.
pub(super) struct Sealed {
    pub(super) iv: Iv,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Tag,
}

impl Sealed {
    /// Encrypts content, compressed or not.
    pub(super) fn new(
        sealer: &Sealer,
        encryption: ContentEncryptionAlgorithm,
        aad: &[u8],
        mut content: Vec<u8>,
    ) -> Result<Self, Error> {
        let iv = random::short(encryption.iv_bytes())?;
        let tag = sealer.seal(iv.as_ref(), aad, &mut content)?;
        Ok(Self { iv, ciphertext: content, tag })
    }
}

/// The content as it is encrypted.
pub(super) fn compressed_if(compress: bool, content: Vec<u8>) -> Result<Vec<u8>, Error> {
    if compress { zip::deflate(&content) } else { Ok(content) }
}

/// Room for dots, vector, tag, padding and the parameters of key management.
const OTHER_BYTES: usize = 400;
