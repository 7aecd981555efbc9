//! The JSON serializations, flattened and general (RFC 7516 section 7.2).

use std::borrow::Cow;
use std::sync::Arc;

use super::attempt::{Budget, Recipient, decode_encrypted_key, first_success};
use super::decrypt::{Decrypter, decompressed};
use super::decrypted::{Decrypted, Origin};
use super::header::Places;
use super::key::DecryptionKeys;
use super::message::Message;
use crate::base64url;
use crate::error::Error;
use crate::json::{Document, Value};
use crate::limits::MAX_RECIPIENTS;

impl Decrypter {
    /// Decrypts a JWE in flattened or general JSON serialization, for the first recipient of which a key is known.
    ///
    /// # Errors
    /// As [`decrypt`](Self::decrypt). When there are several recipients and none can be served, the most telling of
    /// their errors.
    ///
    /// ```
    /// use probity_jose::jwe::{
    ///     self, ContentEncryptionAlgorithm, Decrypter, DecryptionKey, DecryptionKeys, KeyManagementAlgorithm,
    /// };
    /// let alice = DecryptionKey::generate(KeyManagementAlgorithm::EcdhEsA256Kw)?.with_key_id("alice");
    /// let bob = DecryptionKey::generate(KeyManagementAlgorithm::A256Kw)?.with_key_id("bob");
    /// let document = jwe::NewDocument { additional_data: Some(b"public".to_vec()), ..Default::default() };
    /// let (for_alice, for_bob) = (alice.encryption_key()?, bob.encryption_key()?);
    /// let recipients = [jwe::NewRecipient::new(&for_alice), jwe::NewRecipient::new(&for_bob)];
    /// let json = jwe::encrypt_general(&document, ContentEncryptionAlgorithm::A256Gcm, b"secret", &recipients)?;
    ///
    /// let decrypter = Decrypter::new([KeyManagementAlgorithm::A256Kw], [ContentEncryptionAlgorithm::A256Gcm]);
    /// let decrypted = decrypter.decrypt_json(json.as_bytes(), &bob.into())?;
    /// assert_eq!(decrypted.content(), b"secret");
    /// assert_eq!(decrypted.additional_data(), Some(&b"public"[..]));
    /// assert_eq!(decrypted.recipient(), 1);
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn decrypt_json(&self, json: &[u8], keys: &DecryptionKeys) -> Result<Decrypted, Error> {
        if json.len() > self.limits.token_bytes {
            return Err(Error::JweTooLarge);
        }
        let document = Document::parse(json)?;
        let envelope = Envelope::read(document.root())?;
        let protected = envelope.protected.as_deref().map(|text| self.decode_header(text)).transpose()?;
        let protected = protected.as_deref().map(Document::parse).transpose()?;
        let places =
            Places { protected: protected.as_ref().map(Document::root), shared: envelope.shared, recipient: None };
        let entries = entries(document.root())?;
        check_all(places, &entries)?;
        let aad = envelope.authenticated();
        let additional_data = envelope.aad.as_deref().map(base64url::decode).transpose()?;
        let mut budget = Budget::default();
        let mut failure = Error::NoRecipients;
        for (number, entry) in entries.iter().enumerate() {
            let places = Places { recipient: entry.header, ..places };
            match self.decrypt_entry(places, entry, &envelope.message, &aad, keys, &mut budget) {
                Ok(decrypted) => return Ok(decrypted.of_json(number, additional_data)),
                Err(error) if error == Error::TooManyDecryptionKeys => return Err(error),
                Err(error) if number == 0 || tells_more(error, failure) => failure = error,
                Err(_) => {}
            }
        }
        Err(failure)
    }

    fn decrypt_entry(
        &self,
        places: Places<'_>,
        entry: &Entry<'_>,
        message: &[Cow<'_, str>; 3],
        aad: &str,
        keys: &DecryptionKeys,
        budget: &mut Budget,
    ) -> Result<Decrypted, Error> {
        let (header, parameters) = places.read()?;
        let parameters = parameters.read(header.algorithm())?;
        self.check_header(&header)?;
        let parts = message.each_ref().map(AsRef::as_ref);
        let mut message = Message::read(header.encryption(), aad.as_bytes(), parts)?;
        let encrypted = decode_encrypted_key(entry.encrypted_key.as_deref().unwrap_or_default())?;
        let candidates = self.candidates(&header, keys)?;
        let recipient = Recipient { header: &header, parameters: &parameters, encrypted: &encrypted };
        let (content, key) = first_success(&recipient, &mut message, &candidates, budget)?;
        let content = decompressed(content, &header)?;
        Ok(Decrypted::new(content, Arc::new(Origin { header, key: key.clone() })))
    }
}

/// What stands once in a JWE, whatever the number of recipients.
struct Envelope<'d> {
    protected: Option<Cow<'d, str>>,
    shared: Option<Value<'d>>,
    aad: Option<Cow<'d, str>>,
    /// Initialization vector, ciphertext and tag.
    message: [Cow<'d, str>; 3],
}

/// What stands in a JWE for each recipient.
struct Entry<'d> {
    header: Option<Value<'d>>,
    encrypted_key: Option<Cow<'d, str>>,
}

impl<'d> Envelope<'d> {
    fn read(root: Value<'d>) -> Result<Self, Error> {
        root.members().ok_or(Error::NotJsonJwe)?;
        let required = |name| text(root, name)?.ok_or(Error::NotJsonJwe);
        let ciphertext = root.member("ciphertext").and_then(Value::as_str).ok_or(Error::NotJsonJwe)?;
        Ok(Self {
            protected: text(root, "protected")?,
            shared: object(root, "unprotected")?,
            aad: text(root, "aad")?,
            message: [required("iv")?, ciphertext, required("tag")?],
        })
    }

    /// The additional authenticated data (RFC 7516 section 5.1 step 14).
    fn authenticated(&self) -> Cow<'_, str> {
        let protected = self.protected.as_deref().unwrap_or_default();
        match &self.aad {
            None => Cow::Borrowed(protected),
            Some(aad) => Cow::Owned([protected, ".", aad].concat()),
        }
    }
}

/// The recipients of a JWE in either form.
fn entries(root: Value<'_>) -> Result<Vec<Entry<'_>>, Error> {
    let Some(list) = root.member("recipients") else { return Ok(vec![Entry::read(root)?]) };
    // RFC 7516 section 7.2.2: a document of both forms would be read in two ways.
    if ["header", "encrypted_key"].iter().any(|name| root.member(name).is_some()) {
        return Err(Error::NotJsonJwe);
    }
    let list: Vec<_> = list.elements().ok_or(Error::NotJsonJwe)?.collect();
    match list.len() {
        0 => Err(Error::NoRecipients),
        1..=MAX_RECIPIENTS => list.into_iter().map(Entry::read).collect(),
        _ => Err(Error::TooManyRecipients),
    }
}

impl<'d> Entry<'d> {
    fn read(value: Value<'d>) -> Result<Self, Error> {
        value.members().ok_or(Error::NotJsonJwe)?;
        Ok(Self { header: object(value, "header")?, encrypted_key: text(value, "encrypted_key")? })
    }
}

/// A string that is absent when there is nothing in it (RFC 7516 section 7.2.1).
fn text<'d>(value: Value<'d>, name: &str) -> Result<Option<Cow<'d, str>>, Error> {
    let Some(member) = value.member(name) else { return Ok(None) };
    member.as_str().filter(|text| !text.is_empty()).map(Some).ok_or(Error::NotJsonJwe)
}

fn object<'d>(value: Value<'d>, name: &str) -> Result<Option<Value<'d>>, Error> {
    let Some(member) = value.member(name) else { return Ok(None) };
    member.members().map(|_| Some(member)).ok_or(Error::NotJsonJwe)
}

/// Checks what a JWE as a whole must fulfil, even where it is for somebody else.
fn check_all(places: Places<'_>, entries: &[Entry<'_>]) -> Result<(), Error> {
    let mut encryptions = Vec::with_capacity(entries.len());
    for entry in entries {
        let places = Places { recipient: entry.header, ..places };
        places.check()?;
        encryptions.push(places.member("enc").and_then(Value::as_str));
    }
    // RFC 7516 section 7.2.1: the same `enc` for all recipients.
    if encryptions.windows(2).any(|pair| pair.first() != pair.last()) {
        return Err(Error::RecipientsDisagree);
    }
    Ok(())
}

/// Which of two recipients' errors says more about why nothing could be decrypted: that of the recipient for whom more
/// was possible.
fn tells_more(error: Error, than: Error) -> bool {
    let progress = |error| match error {
        Error::DecryptionFailed => 3,
        Error::DecryptionKeyNotFound => 1,
        Error::KeyManagementUnknown | Error::Rsa15 | Error::KeyManagementNotAllowed => 0,
        _ => 2,
    };
    progress(error) > progress(than)
}
