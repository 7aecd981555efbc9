//! The JOSE header of a JWE (RFC 7516 section 4).

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::algorithm::{ContentEncryptionAlgorithm, KeyManagementAlgorithm};
use super::manage::RawParameters;
use crate::error::Error;
use crate::json::{Document, Value};
use crate::jws::read_critical;
use crate::limits::MAX_KEY_ID_BYTES;

/// A header that is well formed. Nothing follows from it until the JWE has been decrypted, and afterwards only that
/// whoever encrypted it wrote what is protected.
///
/// In the JSON serializations it is the union of the protected header, the shared unprotected one and the recipient's
/// own. Whoever carries the JWE can change what is unprotected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    algorithm: KeyManagementAlgorithm,
    encryption: ContentEncryptionAlgorithm,
    key_id: Option<String>,
    typ: Option<String>,
    content_type: Option<String>,
    compressed: bool,
    critical: Vec<String>,
    protected: String,
    shared: String,
    recipient: String,
}

/// The places of a header (RFC 7516 section 7.2.1), each an object or absent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Places<'d> {
    pub(crate) protected: Option<Value<'d>>,
    pub(crate) shared: Option<Value<'d>>,
    pub(crate) recipient: Option<Value<'d>>,
}

impl Header {
    /// `alg`.
    pub fn algorithm(&self) -> KeyManagementAlgorithm {
        self.algorithm
    }

    /// `enc`.
    pub fn encryption(&self) -> ContentEncryptionAlgorithm {
        self.encryption
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

    /// Whether the content was compressed before it was encrypted: `zip` is `DEF`.
    pub fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// `crit`: the names of the extensions that the JWE needs.
    pub fn critical(&self) -> &[String] {
        &self.critical
    }

    /// The protected header's JSON text; empty when there is none.
    pub fn protected(&self) -> &str {
        &self.protected
    }

    /// The JSON text of the unprotected header that all recipients share; empty when there is none.
    pub fn shared_unprotected(&self) -> &str {
        &self.shared
    }

    /// The JSON text of the recipient's own unprotected header; empty when there is none.
    pub fn recipient_unprotected(&self) -> &str {
        &self.recipient
    }

    /// Reads the protected header into a type, for parameters of one's own.
    ///
    /// # Errors
    /// [`Error::JweHeaderMalformed`] when it does not fit.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Document::parse(self.protected.as_bytes())?.deserialize().map_err(|_| Error::JweHeaderMalformed)
    }
}

impl<'d> Places<'d> {
    /// The places of a header that is protected as a whole.
    pub(crate) fn protected(header: Value<'d>) -> Self {
        Self { protected: Some(header), ..Self::default() }
    }

    fn all(self) -> impl Iterator<Item = Value<'d>> {
        [self.protected, self.shared, self.recipient].into_iter().flatten()
    }

    /// The value of a parameter, wherever it stands.
    pub(crate) fn member(self, name: &str) -> Option<Value<'d>> {
        self.all().find_map(|place| place.member(name))
    }

    /// Checks what holds for all recipients of a JWE alike.
    pub(crate) fn check(self) -> Result<(), Error> {
        if self.all().any(|place| place.members().is_none()) {
            return Err(Error::JsonNotObject);
        }
        let has = |place: Option<Value<'_>>, name: &str| place.is_some_and(|place| place.member(name).is_some());
        for (name, _) in [self.shared, self.recipient].into_iter().flatten().filter_map(Value::members).flatten() {
            // RFC 7516 section 7.2.1: the names in the three places must be disjoint.
            let earlier = has(self.shared, &name) && has(self.recipient, &name);
            if has(self.protected, &name) || earlier {
                return Err(Error::JweHeaderOverlap);
            }
            // RFC 7516 sections 4.1.3 and 4.1.13.
            if matches!(name.as_ref(), "zip" | "crit") {
                return Err(Error::JweHeaderUnprotected);
            }
        }
        Ok(())
    }

    /// Reads what does not depend on the algorithm, and finds what does.
    pub(crate) fn read(self) -> Result<(Header, RawParameters<'d>), Error> {
        self.check()?;
        let mut fields = Fields::default();
        for (name, value) in self.all().filter_map(Value::members).flatten() {
            fields.take(&name, value)?;
        }
        let critical = fields.critical.map(|critical| read_critical(critical, self.protected)).transpose();
        let raw = |place: Option<Value<'_>>| place.map_or("", Value::raw).to_owned();
        let header = Header {
            critical: critical.map_err(|_| Error::JweCriticalMalformed)?.unwrap_or_default(),
            algorithm: fields.algorithm.ok_or(Error::KeyManagementMissing)?,
            encryption: fields.encryption.ok_or(Error::ContentEncryptionMissing)?,
            key_id: fields.key_id,
            typ: fields.typ,
            content_type: fields.content_type,
            compressed: fields.compressed,
            protected: raw(self.protected),
            shared: raw(self.shared),
            recipient: raw(self.recipient),
        };
        Ok((header, fields.parameters))
    }
}

/// The parameters that are looked at, on the way from all places into a [`Header`].
#[derive(Default)]
struct Fields<'d> {
    algorithm: Option<KeyManagementAlgorithm>,
    encryption: Option<ContentEncryptionAlgorithm>,
    key_id: Option<String>,
    typ: Option<String>,
    content_type: Option<String>,
    compressed: bool,
    critical: Option<Value<'d>>,
    parameters: RawParameters<'d>,
}

impl<'d> Fields<'d> {
    fn take(&mut self, name: &str, value: Value<'d>) -> Result<(), Error> {
        let text = || value.as_str().ok_or(Error::JweHeaderMalformed);
        match name {
            "alg" => self.algorithm = Some(text()?.parse()?),
            "enc" => self.encryption = Some(text()?.parse()?),
            "kid" => self.key_id = Some(text().and_then(short_enough)?),
            "typ" => self.typ = Some(text()?.into_owned()),
            "cty" => self.content_type = Some(text()?.into_owned()),
            // RFC 7516 section 4.1.3: case-sensitive, and `DEF` is the only one.
            "zip" if text()? == "DEF" => self.compressed = true,
            "zip" => return Err(Error::CompressionUnknown),
            "crit" => self.critical = Some(value),
            // `jwk`, `jku`, `x5c`, `x5u` and `x5t` never choose a key: whoever made the JWE wrote them.
            _ => self.parameters.take(name, value),
        }
        Ok(())
    }
}

fn short_enough(key_id: Cow<'_, str>) -> Result<String, Error> {
    if key_id.len() > MAX_KEY_ID_BYTES { Err(Error::JweHeaderMalformed) } else { Ok(key_id.into_owned()) }
}
