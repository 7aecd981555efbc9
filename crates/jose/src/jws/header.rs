//! The JOSE header of a JWS (RFC 7515 section 4).

use serde::de::DeserializeOwned;

use crate::algorithm::SignatureAlgorithm;
use crate::error::Error;
use crate::json::{Document, Value};
use crate::limits::{MAX_CRITICAL_NAMES, MAX_KEY_ID_BYTES};

/// A header that is well formed. Nothing follows from it until the signature has been verified.
///
/// In the JSON serializations it is the union of the protected and the unprotected header. Whoever carries the token
/// can change what is unprotected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    algorithm: SignatureAlgorithm,
    algorithm_is_protected: bool,
    key_id: Option<String>,
    typ: Option<String>,
    content_type: Option<String>,
    critical: Vec<String>,
    encoded_payload: bool,
    protected: String,
    unprotected: String,
}

impl Header {
    /// Reads a protected header.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Error> {
        Self::read(Some(Document::parse(json)?.root()), None)
    }

    /// Reads a header of two halves, each an object or absent (RFC 7515 section 7.2.1).
    pub(crate) fn read(protected: Option<Value<'_>>, unprotected: Option<Value<'_>>) -> Result<Self, Error> {
        let mut parameters = Parameters::default();
        if let Some(half) = protected {
            half.members().ok_or(Error::JsonNotObject)?.try_for_each(|(name, value)| parameters.take(&name, value))?;
        }
        let algorithm_is_protected = parameters.algorithm.is_some();
        if let Some(half) = unprotected {
            for (name, value) in half.members().ok_or(Error::JsonNotObject)? {
                if protected.is_some_and(|protected| protected.member(&name).is_some()) {
                    return Err(Error::HeaderOverlap);
                }
                // RFC 7515 section 4.1.11 and RFC 7797 section 3: integrity protected.
                if matches!(name.as_ref(), "crit" | "b64") {
                    return Err(Error::HeaderUnprotected);
                }
                parameters.take(&name, value)?;
            }
        }
        let raw = |half: Option<Value<'_>>| half.map_or("", Value::raw).to_owned();
        let critical = parameters.critical.map(|critical| read_critical(critical, protected)).transpose()?;
        let critical = critical.unwrap_or_default();
        Ok(Self {
            algorithm: parameters.algorithm.ok_or(Error::AlgorithmMissing)?,
            algorithm_is_protected,
            encoded_payload: is_payload_encoded(parameters.b64, &critical)?,
            key_id: parameters.key_id,
            typ: parameters.typ,
            content_type: parameters.content_type,
            critical,
            protected: raw(protected),
            unprotected: raw(unprotected),
        })
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

    /// The protected header's JSON text; empty when there is none.
    pub fn protected(&self) -> &str {
        &self.protected
    }

    /// The unprotected header's JSON text; empty when there is none. Nobody has signed it.
    pub fn unprotected(&self) -> &str {
        &self.unprotected
    }

    pub(crate) fn is_algorithm_protected(&self) -> bool {
        self.algorithm_is_protected
    }

    /// Reads the protected header into a type, for parameters of one's own.
    ///
    /// # Errors
    /// [`Error::HeaderMalformed`] when it does not fit.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Document::parse(self.protected.as_bytes())?.deserialize().map_err(|_| Error::HeaderMalformed)
    }
}

/// The parameters that are looked at, on the way from both halves into a [`Header`].
#[derive(Default)]
struct Parameters<'d> {
    algorithm: Option<SignatureAlgorithm>,
    key_id: Option<String>,
    typ: Option<String>,
    content_type: Option<String>,
    critical: Option<Value<'d>>,
    b64: Option<Value<'d>>,
}

impl<'d> Parameters<'d> {
    fn take(&mut self, name: &str, value: Value<'d>) -> Result<(), Error> {
        let text = || value.as_str().ok_or(Error::HeaderMalformed);
        match name {
            "alg" => self.algorithm = Some(SignatureAlgorithm::from_header(&text()?)?),
            "kid" => {
                let key_id = text()?;
                if key_id.len() > MAX_KEY_ID_BYTES {
                    return Err(Error::HeaderMalformed);
                }
                self.key_id = Some(key_id.into_owned());
            }
            "typ" => self.typ = Some(text()?.into_owned()),
            "cty" => self.content_type = Some(text()?.into_owned()),
            "crit" => self.critical = Some(value),
            "b64" => self.b64 = Some(value),
            // `jwk`, `jku`, `x5c`, `x5u` and `x5t` never choose a key: whoever made the token wrote them.
            _ => {}
        }
        Ok(())
    }
}

/// Reads `crit` (RFC 7515 section 4.1.11).
pub(crate) fn read_critical(critical: Value<'_>, protected: Option<Value<'_>>) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = Vec::new();
    for name in critical.elements().ok_or(Error::CriticalMalformed)? {
        let name = name.as_str().ok_or(Error::CriticalMalformed)?;
        let present = protected.is_some_and(|protected| protected.member(&name).is_some());
        let listed = names.iter().any(|earlier| earlier == name.as_ref());
        if !present || listed || REGISTERED.contains(&name.as_ref()) || names.len() == MAX_CRITICAL_NAMES {
            return Err(Error::CriticalMalformed);
        }
        names.push(name.into_owned());
    }
    if names.is_empty() { Err(Error::CriticalMalformed) } else { Ok(names) }
}

/// Reads `b64` (RFC 7797 section 3). It must be in `crit` (section 6): who does not understand it would read another
/// payload.
fn is_payload_encoded(b64: Option<Value<'_>>, critical: &[String]) -> Result<bool, Error> {
    let Some(b64) = b64 else { return Ok(true) };
    let listed = critical.iter().any(|name| name == "b64");
    b64.as_bool().filter(|_| listed).ok_or(Error::B64Malformed)
}

/// The parameters of RFC 7515, 7516 and 7518, which must not stand in `crit`: who implements JOSE knows them.
const REGISTERED: [&str; 20] = [
    "alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "enc", "zip", "epk", "apu",
    "apv", "iv", "tag", "p2s", "p2c",
];
