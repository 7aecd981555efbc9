//! Making a JWS (RFC 7515 section 5.1).

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::header::Header;
use super::verify::check_plain_payload;
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
        return sign_encoded(&json, payload, key);
    }
    let payload = core::str::from_utf8(payload).map_err(|_| Error::PayloadNotCompact)?;
    check_plain_payload(payload).map_err(|_| Error::PayloadNotCompact)?;
    let mut token = base64url::encode(&json);
    token.push('.');
    token.push_str(payload);
    finish(token, key)
}

/// Makes a compact JWS from a header that needs no check.
pub(crate) fn sign_encoded(header: &[u8], payload: &[u8], key: &SigningKey) -> Result<String, Error> {
    let mut token = String::with_capacity((header.len() + payload.len()) * 4 / 3 + SIGNATURE_ROOM);
    base64url::encode_into(header, &mut token);
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
