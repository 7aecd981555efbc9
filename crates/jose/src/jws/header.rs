//! The JOSE header of a JWS (RFC 7515 section 4).

use serde::de::DeserializeOwned;

use crate::algorithm::SignatureAlgorithm;
use crate::error::Error;
use crate::json::{Document, Value};
use crate::limits::{MAX_CRITICAL_NAMES, MAX_KEY_ID_BYTES};

/// A header that is well formed. Nothing follows from it until the signature has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    algorithm: SignatureAlgorithm,
    key_id: Option<String>,
    typ: Option<String>,
    content_type: Option<String>,
    critical: Vec<String>,
    encoded_payload: bool,
    json: String,
}

impl Header {
    /// Reads a protected header.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Error> {
        let document = Document::parse(json)?;
        let root = document.root();
        let mut header = Self::read(root)?;
        root.raw().clone_into(&mut header.json);
        Ok(header)
    }

    fn read(root: Value<'_>) -> Result<Self, Error> {
        let mut algorithm = None;
        let mut header = Self {
            algorithm: SignatureAlgorithm::Hs256,
            key_id: None,
            typ: None,
            content_type: None,
            critical: Vec::new(),
            encoded_payload: true,
            json: String::new(),
        };
        let (mut critical, mut b64) = (None, None);
        for (name, value) in root.members().ok_or(Error::JsonNotObject)? {
            let text = || value.as_str().ok_or(Error::HeaderMalformed);
            match name.as_ref() {
                "alg" => algorithm = Some(SignatureAlgorithm::from_header(&text()?)?),
                "kid" => header.key_id = Some(text()?.into_owned()),
                "typ" => header.typ = Some(text()?.into_owned()),
                "cty" => header.content_type = Some(text()?.into_owned()),
                "crit" => critical = Some(value),
                "b64" => b64 = Some(value),
                // `jwk`, `jku`, `x5c`, `x5u` and `x5t` never choose a key: whoever made the token wrote them.
                _ => {}
            }
        }
        header.algorithm = algorithm.ok_or(Error::AlgorithmMissing)?;
        if header.key_id.as_ref().is_some_and(|key_id| key_id.len() > MAX_KEY_ID_BYTES) {
            return Err(Error::HeaderMalformed);
        }
        if let Some(critical) = critical {
            header.critical = read_critical(critical, root)?;
        }
        if let Some(b64) = b64 {
            header.encoded_payload = b64.as_bool().ok_or(Error::B64Malformed)?;
            // RFC 7797 section 6: `b64` must be understood, or the payload would be read in two ways.
            if !header.critical.iter().any(|name| name == "b64") {
                return Err(Error::B64Malformed);
            }
        }
        Ok(header)
    }

    /// `alg`.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// `typ` as it stands in the header.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// `cty` as it stands in the header.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// `crit`: the names of the extensions that the token needs.
    pub fn critical(&self) -> &[String] {
        &self.critical
    }

    /// Whether the payload is signed in its base64url form, as it is without `b64` (RFC 7797 section 3).
    pub fn is_payload_encoded(&self) -> bool {
        self.encoded_payload
    }

    /// The header's JSON text.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Reads the header into a type, for parameters of one's own.
    ///
    /// # Errors
    /// [`Error::HeaderMalformed`] when it does not fit.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Document::parse(self.json.as_bytes())?.deserialize().map_err(|_| Error::HeaderMalformed)
    }
}

/// Reads `crit` (RFC 7515 section 4.1.11).
fn read_critical(critical: Value<'_>, header: Value<'_>) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = Vec::new();
    for name in critical.elements().ok_or(Error::CriticalMalformed)? {
        let name = name.as_str().ok_or(Error::CriticalMalformed)?;
        let present = header.member(&name).is_some();
        if !present || REGISTERED.contains(&name.as_ref()) || names.iter().any(|earlier| earlier == name.as_ref()) {
            return Err(Error::CriticalMalformed);
        }
        names.push(name.into_owned());
        if names.len() > MAX_CRITICAL_NAMES {
            return Err(Error::CriticalMalformed);
        }
    }
    if names.is_empty() { Err(Error::CriticalMalformed) } else { Ok(names) }
}

/// The parameters of RFC 7515, 7516 and 7518, which must not stand in `crit`: who implements JOSE knows them.
const REGISTERED: [&str; 20] = [
    "alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "enc", "zip", "epk", "apu",
    "apv", "iv", "tag", "p2s", "p2c",
];
