//! The JSON serializations, flattened and general (RFC 7515 section 7.2).

use std::borrow::Cow;
use std::num::NonZeroUsize;

use super::header::Header;
use super::verify::{VerifiedSignature, Verifier, verify_with};
use crate::base64url;
use crate::error::Error;
use crate::json::{Document, Value};
use crate::jwk::JwkSet;
use crate::limits::MAX_SIGNATURES;

/// Which signatures of a JWS must be valid. There is no default: a JWS in JSON serialization may carry signatures of
/// strangers beside good ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// Every signature, whoever made it.
    All,
    /// At least this many, made by as many different keys.
    AtLeast(NonZeroUsize),
}

/// A JWS in JSON serialization of which enough signatures have been verified. Only a [`Verifier`] makes one.
#[derive(Debug, Clone)]
pub struct VerifiedJson {
    payload: Vec<u8>,
    signatures: Vec<Result<VerifiedSignature, Error>>,
}

impl Required {
    /// At least one signature.
    pub const ANY: Self = Self::AtLeast(NonZeroUsize::MIN);
}

impl Verifier {
    /// Verifies a JWS in flattened or general JSON serialization.
    ///
    /// An `alg` outside of the protected header is accepted only from keys that name this algorithm themselves.
    ///
    /// # Errors
    /// What is wrong with the JWS as a whole. [`Error::NotAllSignatures`] when signatures are missing for
    /// [`Required::All`]; the first signature's own error when none is valid.
    ///
    /// ```
    /// use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, jws};
    /// let alice = SigningKey::generate(SignatureAlgorithm::Es256)?.with_key_id("alice");
    /// let bob = SigningKey::generate(SignatureAlgorithm::Ed25519)?.with_key_id("bob");
    /// let document = jws::sign_general(b"deal", &[jws::NewSignature::new(&alice), jws::NewSignature::new(&bob)])?;
    ///
    /// let keys = JwkSet::from_iter([alice.verifying_key()?]);
    /// let verifier = jws::Verifier::new([SignatureAlgorithm::Es256, SignatureAlgorithm::Ed25519]);
    /// let verified = verifier.verify_json(document.as_bytes(), &keys, jws::Required::ANY)?;
    /// assert_eq!(verified.payload(), b"deal");
    /// assert_eq!(verified.signatures()[0].as_ref().unwrap().key().key_id(), Some("alice"));
    /// assert!(verified.signatures()[1].is_err());
    /// assert!(verifier.verify_json(document.as_bytes(), &keys, jws::Required::All).is_err());
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn verify_json(&self, json: &[u8], keys: &JwkSet, required: Required) -> Result<VerifiedJson, Error> {
        self.verify_json_document(json, None, keys, required)
    }

    /// Verifies a JWS in JSON serialization whose payload is somewhere else (RFC 7515 appendix F).
    ///
    /// # Errors
    /// As [`verify_json`](Self::verify_json); [`Error::PayloadPresence`] when the JWS has a payload of its own.
    ///
    /// ```
    /// use probity_jose::{JwkSet, SignatureAlgorithm, jws};
    /// // RFC 7515 appendix A.1, without its payload
    /// let document = br#"{"protected":"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
    ///     "signature":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}"#;
    /// let payload = b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    /// let keys = JwkSet::from_jwk(br#"{"kty":"oct",
    ///     "k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#)?;
    /// let verifier = jws::Verifier::new([SignatureAlgorithm::Hs256]);
    /// assert!(verifier.verify_json_detached(document, payload, &keys, jws::Required::All).is_ok());
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn verify_json_detached(
        &self,
        json: &[u8],
        payload: &[u8],
        keys: &JwkSet,
        required: Required,
    ) -> Result<VerifiedJson, Error> {
        self.verify_json_document(json, Some(payload), keys, required)
    }

    fn verify_json_document(
        &self,
        json: &[u8],
        detached: Option<&[u8]>,
        keys: &JwkSet,
        required: Required,
    ) -> Result<VerifiedJson, Error> {
        if json.len() > self.limits.token_bytes {
            return Err(Error::TokenTooLarge);
        }
        let document = Document::parse(json)?;
        let root = document.root();
        let entries = entries(root)?;
        let read: Vec<_> = entries.iter().map(|entry| self.read_entry(entry)).collect();
        // When no header can be read, the form of the payload is not known either.
        if let [Err(first), rest @ ..] = read.as_slice()
            && rest.iter().all(Result::is_err)
        {
            return Err(*first);
        }
        // RFC 7797 section 3: all signatures must agree about the payload's form.
        let mut forms = read.iter().flatten().map(Header::is_payload_encoded);
        let encoded = forms.next().unwrap_or(true);
        if forms.any(|other| other != encoded) {
            return Err(Error::B64Malformed);
        }
        let payload = Payload::read(root, detached, encoded)?;
        let outcomes = entries.iter().zip(read).map(|(entry, header)| {
            let header = header?;
            let candidates = self.candidates(&header, keys)?;
            let key = verify_with(&candidates, &payload.signed_with(entry), &entry.signature)?;
            Ok(VerifiedSignature::new(header, key))
        });
        let signatures: Vec<Result<VerifiedSignature, Error>> = outcomes.collect();
        check_required(&signatures, required)?;
        Ok(VerifiedJson { payload: payload.bytes, signatures })
    }

    fn read_entry(&self, entry: &Entry<'_>) -> Result<Header, Error> {
        let protected = entry.protected.as_ref().map(|text| self.decode_header(text)).transpose()?;
        let protected = protected.as_deref().map(Document::parse).transpose()?;
        Header::read(protected.as_ref().map(Document::root), entry.unprotected)
    }
}

impl VerifiedJson {
    /// The signed bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Takes the signed bytes.
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// Each signature in its order: verified, or why not. Only those that are verified say anything about the payload.
    pub fn signatures(&self) -> &[Result<VerifiedSignature, Error>] {
        &self.signatures
    }

    /// The signatures that have been verified.
    pub fn verified(&self) -> impl Iterator<Item = &VerifiedSignature> {
        self.signatures.iter().flatten()
    }
}

/// One signature as it stands in the document.
struct Entry<'d> {
    protected: Option<Cow<'d, str>>,
    unprotected: Option<Value<'d>>,
    signature: Cow<'d, str>,
}

/// The signatures of a document in either form.
fn entries(root: Value<'_>) -> Result<Vec<Entry<'_>>, Error> {
    root.members().ok_or(Error::NotJsonSerialization)?;
    let Some(list) = root.member("signatures") else { return Ok(vec![Entry::read(root)?]) };
    // RFC 7515 section 7.2.2: a document of both forms would be read in two ways.
    if ["protected", "header", "signature"].iter().any(|name| root.member(name).is_some()) {
        return Err(Error::NotJsonSerialization);
    }
    let list: Vec<_> = list.elements().ok_or(Error::NotJsonSerialization)?.collect();
    match list.len() {
        0 => Err(Error::NoSignatures),
        1..=MAX_SIGNATURES => list.into_iter().map(Entry::read).collect(),
        _ => Err(Error::TooManySignatures),
    }
}

impl<'d> Entry<'d> {
    fn read(value: Value<'d>) -> Result<Self, Error> {
        value.members().ok_or(Error::NotJsonSerialization)?;
        let text = |name| value.member(name).map(|value| value.as_str().ok_or(Error::NotJsonSerialization)).transpose();
        let entry = Self {
            protected: text("protected")?,
            unprotected: value.member("header"),
            signature: text("signature")?.ok_or(Error::NotJsonSerialization)?,
        };
        let readable = entry.unprotected.is_none_or(|header| header.members().is_some());
        let some = entry.protected.is_some() || entry.unprotected.is_some();
        if readable && some { Ok(entry) } else { Err(Error::NotJsonSerialization) }
    }
}

/// The payload, and the form of it that is signed.
struct Payload<'d> {
    bytes: Vec<u8>,
    /// The base64url text; without it the bytes themselves are signed.
    text: Option<Cow<'d, str>>,
}

impl<'d> Payload<'d> {
    fn read(root: Value<'d>, detached: Option<&[u8]>, encoded: bool) -> Result<Self, Error> {
        match (root.member("payload"), detached) {
            (Some(payload), None) => {
                let text = payload.as_str().ok_or(Error::NotJsonSerialization)?;
                if encoded {
                    Ok(Self { bytes: base64url::decode(&text)?, text: Some(text) })
                } else {
                    Ok(Self { bytes: text.as_bytes().to_vec(), text: None })
                }
            }
            (None, Some(bytes)) => {
                let text = encoded.then(|| base64url::encode(bytes).into());
                Ok(Self { bytes: bytes.to_vec(), text })
            }
            _ => Err(Error::PayloadPresence),
        }
    }

    /// RFC 7515 section 5.1: the encoded header, a dot, the payload.
    fn signed_with(&self, entry: &Entry<'_>) -> Vec<u8> {
        let header = entry.protected.as_deref().unwrap_or_default().as_bytes();
        let payload = self.text.as_ref().map_or(self.bytes.as_slice(), |text| text.as_bytes());
        [header, b".", payload].concat()
    }
}

fn check_required(signatures: &[Result<VerifiedSignature, Error>], required: Required) -> Result<(), Error> {
    let first_error = signatures.iter().find_map(|outcome| outcome.as_ref().err().copied());
    let mut keys: Vec<_> = signatures.iter().flatten().map(|signature| signature.key().thumbprint()).collect();
    keys.sort_unstable();
    keys.dedup();
    let enough = match required {
        Required::All => first_error.is_none(),
        Required::AtLeast(count) => keys.len() >= count.get(),
    };
    match (enough, keys.is_empty()) {
        (true, _) => Ok(()),
        (false, true) => Err(first_error.unwrap_or(Error::NoSignatures)),
        (false, false) => Err(Error::NotAllSignatures),
    }
}
