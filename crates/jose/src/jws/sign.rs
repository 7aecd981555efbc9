//! Making a JWS (RFC 7515 section 5.1).

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::compact::check_plain_payload;
use super::header::Header;
use crate::base64url;
use crate::error::Error;
use crate::json::Document;
use crate::key::SigningKey;

/// The header of a JWS to be made. `alg` comes from the key, and `kid` does unless `other` has one.
#[derive(Debug, Clone, Default)]
pub struct NewHeader {
    /// `typ`.
    pub typ: Option<String>,
    /// `cty`.
    pub content_type: Option<String>,
    /// All other parameters.
    pub other: Map<String, Value>,
}

impl NewHeader {
    /// A header from a JSON object.
    ///
    /// # Errors
    /// `json.*`; [`Error::JsonNotObject`].
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let other = Document::parse(json)?.deserialize().map_err(|_| Error::JsonNotObject)?;
        Ok(Self { other, ..Self::default() })
    }

    /// A header with a `typ`.
    pub fn with_type(typ: impl Into<String>) -> Self {
        Self { typ: Some(typ.into()), ..Self::default() }
    }

    /// The header's JSON text, checked as a verifier would.
    fn to_json(&self, key: &SigningKey) -> Result<(Vec<u8>, Header), Error> {
        let agrees = |alg: &Value| alg.as_str() == Some(key.algorithm().name());
        if !self.other.get("alg").is_none_or(agrees) {
            return Err(Error::HeaderContradiction);
        }
        let json = serde_json::to_vec(&Complete { header: self, key }).map_err(|_| Error::Serialize)?;
        let header = Header::parse(&json)?;
        Ok((json, header))
    }
}

/// Makes a compact JWS.
///
/// # Errors
/// [`Error::HeaderContradiction`] when the header names another algorithm than the key's; [`Error::PayloadNotCompact`]
/// when it says `b64: false` and the payload can't stand in a compact JWS; the errors of reading a header when it is
/// one that no verifier would read; [`Error::Crypto`].
///
/// ```
/// use probity_jose::{SignatureAlgorithm, SigningKey, jws};
/// let key = SigningKey::generate(SignatureAlgorithm::Es256)?;
/// let token = jws::sign(&jws::NewHeader::default(), b"any bytes", &key)?;
/// let verifier = jws::Verifier::new([SignatureAlgorithm::Es256]);
/// assert_eq!(verifier.verify(&token, &key.verifying_key()?.into())?.payload(), b"any bytes");
/// # Ok::<(), probity_jose::Error>(())
/// ```
pub fn sign(header: &NewHeader, payload: &[u8], key: &SigningKey) -> Result<String, Error> {
    let (json, header) = header.to_json(key)?;
    if header.is_payload_encoded() {
        return sign_with_header(&base64url::encode(&json), payload, key);
    }
    let payload = core::str::from_utf8(payload).map_err(|_| Error::PayloadNotCompact)?;
    check_plain_payload(payload).map_err(|_| Error::PayloadNotCompact)?;
    let mut token = base64url::encode(&json);
    token.push('.');
    token.push_str(payload);
    finish(token, key)
}

/// Makes a compact JWS without payload, for content that travels beside it (RFC 7515 appendix F).
///
/// # Errors
/// As [`sign`].
///
/// ```
/// use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, jws};
/// let key = SigningKey::generate(SignatureAlgorithm::Ed25519)?;
/// let token = jws::sign_detached(&jws::NewHeader::default(), b"content", &key)?;
/// assert!(token.contains(".."));
/// let verifier = jws::Verifier::new([SignatureAlgorithm::Ed25519]);
/// let keys = JwkSet::from(key.verifying_key()?);
/// assert!(verifier.verify_detached(&token, b"content", &keys).is_ok());
/// assert!(verifier.verify_detached(&token, b"other", &keys).is_err());
/// # Ok::<(), probity_jose::Error>(())
/// ```
pub fn sign_detached(header: &NewHeader, content: &[u8], key: &SigningKey) -> Result<String, Error> {
    let (json, header) = header.to_json(key)?;
    let encoded = base64url::encode(&json);
    let signature = sign_parts(&encoded, &header, content, key)?;
    Ok([&encoded, "..", &signature].concat())
}

/// One signature of a JWS in JSON serialization to be made.
#[derive(Debug, Clone)]
pub struct NewSignature<'k> {
    /// What is signed with the payload.
    pub protected: NewHeader,
    /// What anybody may change.
    pub unprotected: Map<String, Value>,
    /// The key that signs.
    pub key: &'k SigningKey,
}

impl<'k> NewSignature<'k> {
    /// A signature with nothing in its header but what comes from the key.
    pub fn new(key: &'k SigningKey) -> Self {
        Self { protected: NewHeader::default(), unprotected: Map::new(), key }
    }

    /// The members of this signature, and whether its payload is encoded.
    fn members(&self, payload: &[u8]) -> Result<(Map<String, Value>, bool), Error> {
        let (json, header) = self.protected.to_json(self.key)?;
        if !self.unprotected.is_empty() {
            // Checked as a verifier would.
            let unprotected = serde_json::to_vec(&self.unprotected).map_err(|_| Error::Serialize)?;
            let (protected, unprotected) = (Document::parse(&json)?, Document::parse(&unprotected)?);
            Header::read(Some(protected.root()), Some(unprotected.root()))?;
        }
        let encoded = base64url::encode(&json);
        let signature = sign_parts(&encoded, &header, payload, self.key)?;
        let mut members = Map::new();
        members.insert("protected".into(), encoded.into());
        if !self.unprotected.is_empty() {
            members.insert("header".into(), self.unprotected.clone().into());
        }
        members.insert("signature".into(), signature.into());
        Ok((members, header.is_payload_encoded()))
    }
}

/// Makes a JWS in flattened JSON serialization (RFC 7515 section 7.2.2).
///
/// # Errors
/// As [`sign`]; [`Error::PayloadNotCompact`] when an unencoded payload is no UTF-8.
///
/// ```
/// use probity_jose::{SignatureAlgorithm, SigningKey, jws};
/// let key = SigningKey::generate(SignatureAlgorithm::Es256)?;
/// let mut signature = jws::NewSignature::new(&key);
/// signature.unprotected.insert("note".into(), "anybody may change this".into());
/// let document = jws::sign_flattened(b"content", &signature)?;
/// # Ok::<(), probity_jose::Error>(())
/// ```
pub fn sign_flattened(payload: &[u8], signature: &NewSignature<'_>) -> Result<String, Error> {
    let (mut members, encoded) = signature.members(payload)?;
    members.insert("payload".into(), payload_text(payload, encoded)?.into());
    serde_json::to_string(&members).map_err(|_| Error::Serialize)
}

/// Makes a JWS in general JSON serialization (RFC 7515 section 7.2.1).
///
/// # Errors
/// As [`sign_flattened`]; [`Error::NoSignatures`]; [`Error::HeaderContradiction`] when the signatures disagree about
/// `b64`.
///
/// ```
/// use probity_jose::{SignatureAlgorithm, SigningKey, jws};
/// let keys = [SigningKey::generate(SignatureAlgorithm::Es256)?, SigningKey::generate(SignatureAlgorithm::Ed25519)?];
/// let document = jws::sign_general(b"content", &keys.each_ref().map(jws::NewSignature::new))?;
/// # Ok::<(), probity_jose::Error>(())
/// ```
pub fn sign_general(payload: &[u8], signatures: &[NewSignature<'_>]) -> Result<String, Error> {
    let signed: Vec<_> = signatures.iter().map(|signature| signature.members(payload)).collect::<Result<_, _>>()?;
    let encoded = signed.first().ok_or(Error::NoSignatures)?.1;
    // RFC 7797 section 3.
    if signed.iter().any(|(_, other)| *other != encoded) {
        return Err(Error::HeaderContradiction);
    }
    let signatures: Vec<Value> = signed.into_iter().map(|(members, _)| members.into()).collect();
    let document = serde_json::json!({"payload": payload_text(payload, encoded)?, "signatures": signatures});
    Ok(document.to_string())
}

fn payload_text(payload: &[u8], encoded: bool) -> Result<String, Error> {
    if encoded {
        return Ok(base64url::encode(payload));
    }
    core::str::from_utf8(payload).map(str::to_owned).map_err(|_| Error::PayloadNotCompact)
}

/// The signature over an encoded header and a payload in the form that the header says.
fn sign_parts(encoded: &str, header: &Header, payload: &[u8], key: &SigningKey) -> Result<String, Error> {
    let mut signed = [encoded, "."].concat().into_bytes();
    if header.is_payload_encoded() {
        signed.extend_from_slice(base64url::encode(payload).as_bytes());
    } else {
        signed.extend_from_slice(payload);
    }
    key.with_signature(&signed, base64url::encode)
}

/// Makes a compact JWS from an encoded header that needs no check.
pub(crate) fn sign_with_header(header: &str, payload: &[u8], key: &SigningKey) -> Result<String, Error> {
    let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + SIGNATURE_ROOM);
    token.push_str(header);
    token.push('.');
    base64url::encode_into(payload, &mut token);
    finish(token, key)
}

/// Appends the signature over what is there.
fn finish(mut token: String, key: &SigningKey) -> Result<String, Error> {
    let signature = key.with_signature(token.as_bytes(), base64url::encode)?;
    token.push('.');
    token.push_str(&signature);
    Ok(token)
}

/// Room for dots and the signature of most algorithms.
const SIGNATURE_ROOM: usize = 200;

/// A header with the key's parameters.
struct Complete<'a> {
    header: &'a NewHeader,
    key: &'a SigningKey,
}

impl Serialize for Complete<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { header, key } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("alg", key.algorithm().name())?;
        let key_id = key.key_id().filter(|_| !header.other.contains_key("kid"));
        let stated = [("typ", header.typ.as_deref()), ("cty", header.content_type.as_deref()), ("kid", key_id)];
        for (name, value) in stated {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        // A name that is also in a field above would stand twice: reading the header back refuses that.
        for (name, value) in header.other.iter().filter(|(name, _)| *name != "alg") {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
