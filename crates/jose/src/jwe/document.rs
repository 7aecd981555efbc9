//! Making a JWE in JSON serialization (RFC 7516 section 7.2).

use serde_json::{Map, Value};

use super::algorithm::ContentEncryptionAlgorithm;
use super::content::Sealer;
use super::encrypt::{Sealed, compressed_if};
use super::header::Places;
use super::key::{EncryptionKey, Options, Wrapped};
use super::manage::KeyParameters;
use super::new_header::{self, NewHeader};
use super::random;
use crate::base64url;
use crate::error::Error;
use crate::json::Document;
use crate::limits::MAX_RECIPIENTS;

/// What stands in a JWE in JSON serialization beside its content, whoever it is for.
#[derive(Debug, Clone, Default)]
pub struct NewDocument {
    /// What is protected with the content.
    pub protected: NewHeader,
    /// What anybody may change, for all recipients.
    pub unprotected: Map<String, Value>,
    /// `aad`: what is protected with the content, but not encrypted.
    pub additional_data: Option<Vec<u8>>,
}

/// A recipient of a JWE in JSON serialization to be made.
#[derive(Debug, Clone)]
pub struct NewRecipient<'k> {
    /// What anybody may change, for this recipient.
    pub unprotected: Map<String, Value>,
    /// The recipient's key.
    pub key: &'k EncryptionKey,
}

impl<'k> NewRecipient<'k> {
    /// A recipient with nothing in its own header but what comes from the key.
    pub fn new(key: &'k EncryptionKey) -> Self {
        Self { unprotected: Map::new(), key }
    }
}

/// Makes a JWE in flattened JSON serialization (RFC 7516 section 7.2.2). `alg` and all parameters of key management are
/// in the protected header.
///
/// # Errors
/// As [`encrypt`](super::encrypt()).
pub fn encrypt_flattened(
    document: &NewDocument,
    encryption: ContentEncryptionAlgorithm,
    content: impl Into<Vec<u8>>,
    recipient: &NewRecipient<'_>,
) -> Result<String, Error> {
    let mut protected = document.protected.members(encryption)?;
    let has_key_id = [&protected, &document.unprotected, &recipient.unprotected].iter().any(|map| has_kid(map));
    new_header::put_key(&mut protected, recipient.key, has_key_id)?;
    let count = new_header::take_count(&mut protected, recipient.key)?;
    let (compress, options) = check(&protected, &document.unprotected, &recipient.unprotected, recipient.key, count)?;
    let content = compressed_if(compress, content.into())?;
    recipient.key.with_sealer(encryption, &options, |sealer, wrapped| {
        let protected = new_header::to_json(&protected, &wrapped.parameters)?;
        let mut json = Json::new(document, &protected)?;
        if !recipient.unprotected.is_empty() {
            json.member("header", &new_header::to_json(&recipient.unprotected, &KeyParameters::None)?);
        }
        json.bytes("encrypted_key", &wrapped.encrypted);
        json.finish(sealer, encryption, content)
    })
}

/// Makes a JWE in general JSON serialization (RFC 7516 section 7.2.1). `alg` and all parameters of key management are in
/// the recipients' own headers.
///
/// # Errors
/// As [`encrypt`](super::encrypt()); [`Error::NoRecipients`], [`Error::TooManyRecipients`];
/// [`Error::HeaderContradiction`] when there are several recipients, and one of them has `dir` or `ECDH-ES`, for which
/// the sender can't choose the key of the content.
pub fn encrypt_general(
    document: &NewDocument,
    encryption: ContentEncryptionAlgorithm,
    content: impl Into<Vec<u8>>,
    recipients: &[NewRecipient<'_>],
) -> Result<String, Error> {
    let protected = document.protected.members(encryption)?;
    let has_key_id = has_kid(&protected) || has_kid(&document.unprotected);
    let mut ready = Vec::with_capacity(recipients.len());
    let mut compress = false;
    for recipient in recipients {
        let mut header = recipient.unprotected.clone();
        let has_key_id = has_key_id || has_kid(&header);
        new_header::put_key(&mut header, recipient.key, has_key_id)?;
        let count = new_header::take_count(&mut header, recipient.key)?;
        let (compressed, options) = check(&protected, &document.unprotected, &header, recipient.key, count)?;
        compress = compressed;
        ready.push((recipient.key, header, options));
    }
    let content = compressed_if(compress, content.into())?;
    let protected = new_header::to_json(&protected, &KeyParameters::None)?;
    let json = Json::new(document, &protected)?;
    match ready.as_slice() {
        [] => Err(Error::NoRecipients),
        [(key, header, options)] => key.with_sealer(encryption, options, |sealer, wrapped| {
            json.recipients([(header, wrapped)])?.finish(sealer, encryption, content)
        }),
        several if several.len() > MAX_RECIPIENTS => Err(Error::TooManyRecipients),
        several => {
            let key = random::secret(encryption.key_bytes())?;
            let wrapped: Vec<_> = several
                .iter()
                .map(|(recipient, header, options)| Ok((header, recipient.wrap(&key, options)?)))
                .collect::<Result<_, Error>>()?;
            json.recipients(wrapped)?.finish(&Sealer::new(encryption, key.as_ref())?, encryption, content)
        }
    }
}

fn has_kid(members: &Map<String, Value>) -> bool {
    members.contains_key("kid")
}

/// Checks a recipient's header in its three places. The first result is whether the content is compressed.
fn check(
    protected: &Map<String, Value>,
    shared: &Map<String, Value>,
    recipient: &Map<String, Value>,
    key: &EncryptionKey,
    count: u64,
) -> Result<(bool, Options), Error> {
    let texts = [protected, shared, recipient].map(|place| new_header::to_json(place, &KeyParameters::None));
    let [protected, shared, recipient] = texts;
    let (protected, shared, recipient) = (protected?, shared?, recipient?);
    let (protected, shared) = (Document::parse(protected.as_bytes())?, Document::parse(shared.as_bytes())?);
    let recipient = Document::parse(recipient.as_bytes())?;
    let places =
        Places { protected: Some(protected.root()), shared: Some(shared.root()), recipient: Some(recipient.root()) };
    let (header, options) = new_header::check(places, key, count)?;
    Ok((header.is_compressed(), options))
}

/// A JSON object in the making. Its values are base64url or JSON already, so that nothing needs escaping.
struct Json {
    text: String,
    aad: String,
}

impl Json {
    fn new(document: &NewDocument, protected: &str) -> Result<Self, Error> {
        let protected = base64url::encode(protected.as_bytes());
        let mut json = Self { text: String::from("{"), aad: protected.clone() };
        json.member("protected", &quoted(&protected));
        if !document.unprotected.is_empty() {
            json.member("unprotected", &new_header::to_json(&document.unprotected, &KeyParameters::None)?);
        }
        // RFC 7516 section 7.2.1: absent when it is empty.
        if let Some(data) = document.additional_data.as_ref().filter(|data| !data.is_empty()) {
            let encoded = base64url::encode(data);
            json.member("aad", &quoted(&encoded));
            json.aad = [&protected, ".", &encoded].concat();
        }
        Ok(json)
    }

    fn member(&mut self, name: &str, value: &str) {
        let comma = if self.text.ends_with('{') { "" } else { "," };
        for part in [comma, "\"", name, "\":", value] {
            self.text.push_str(part);
        }
    }

    /// A member of bytes, absent when there are none.
    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.member(name, &quoted(&base64url::encode(bytes)));
        }
    }

    fn recipients<'m>(
        mut self,
        recipients: impl IntoIterator<Item = (&'m Map<String, Value>, Wrapped)>,
    ) -> Result<Self, Error> {
        let mut texts = Vec::new();
        for (header, wrapped) in recipients {
            let mut recipient = Self { text: String::from("{"), aad: String::new() };
            recipient.member("header", &new_header::to_json(header, &wrapped.parameters)?);
            recipient.bytes("encrypted_key", &wrapped.encrypted);
            texts.push(recipient.text + "}");
        }
        self.member("recipients", &["[", &texts.join(","), "]"].concat());
        Ok(self)
    }

    fn finish(
        mut self,
        sealer: &Sealer,
        encryption: ContentEncryptionAlgorithm,
        content: Vec<u8>,
    ) -> Result<String, Error> {
        let message = Sealed::new(sealer, encryption, self.aad.as_bytes(), content)?;
        self.bytes("iv", message.iv.as_ref());
        self.member("ciphertext", &quoted(&base64url::encode(&message.ciphertext)));
        self.bytes("tag", message.tag.as_ref());
        Ok(self.text + "}")
    }
}

fn quoted(text: &str) -> String {
    ["\"", text, "\""].concat()
}
