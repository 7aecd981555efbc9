//! The header of a JWE to be made.

use serde_json::{Map, Value};

use super::algorithm::{ContentEncryptionAlgorithm, Mode};
use super::header::{Header, Places};
use super::key::{EncryptionKey, Options};
use super::manage::{KeyParameters, Parties};
use crate::error::Error;
use crate::json::Document;
use crate::limits::DEFAULT_PBES2_COUNT;

/// The header of a JWE to be made. `alg` comes from the key, and `kid` does unless `other` has one.
#[derive(Debug, Clone, Default)]
pub struct NewHeader {
    /// `typ`.
    pub typ: Option<String>,
    /// `cty`.
    pub content_type: Option<String>,
    /// All other parameters. `zip` set to `DEF` compresses the content, `apu` and `apv` go into a key that is agreed
    /// upon, and `p2c` is the PBES2 count, [`DEFAULT_PBES2_COUNT`] without it.
    pub other: Map<String, Value>,
}

impl NewHeader {
    /// A header from a JSON object. If it has `alg` and `enc`, they must be those with which it is used.
    ///
    /// # Errors
    /// `json.*`; [`Error::JsonNotObject`].
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let other = Document::parse(json)?.deserialize().map_err(|_| Error::JsonNotObject)?;
        Ok(Self { other, ..Self::default() })
    }

    /// A header with a `cty`.
    pub fn with_content_type(content_type: impl Into<String>) -> Self {
        Self { content_type: Some(content_type.into()), ..Self::default() }
    }

    /// The members of this header together with an `enc`.
    pub(super) fn members(&self, encryption: ContentEncryptionAlgorithm) -> Result<Map<String, Value>, Error> {
        let mut members = self.other.clone();
        let stated = [("typ", self.typ.as_deref()), ("cty", self.content_type.as_deref())];
        for (name, value) in stated.into_iter().chain([("enc", Some(encryption.name()))]) {
            value.map_or(Ok(()), |value| put(&mut members, name, value))?;
        }
        Ok(members)
    }
}

/// Adds a key's `alg`, and its `kid` unless there is one.
pub(super) fn put_key(members: &mut Map<String, Value>, key: &EncryptionKey, has_key_id: bool) -> Result<(), Error> {
    put(members, "alg", key.algorithm().name())?;
    match key.key_id() {
        Some(key_id) if !has_key_id => put(members, "kid", key_id),
        _ => Ok(()),
    }
}

/// Adds a member. One that says the same already does no harm: a header that was read from JSON has `alg` and `enc`.
fn put(members: &mut Map<String, Value>, name: &str, value: &str) -> Result<(), Error> {
    match members.insert(name.to_owned(), value.into()) {
        Some(earlier) if earlier != value => Err(Error::HeaderContradiction),
        _ => Ok(()),
    }
}

/// Takes the PBES2 count, which is written together with the salt, out of a password's header.
pub(super) fn take_count(members: &mut Map<String, Value>, key: &EncryptionKey) -> Result<u64, Error> {
    let count = match key.algorithm().mode() {
        Mode::Password(..) => members.remove("p2c"),
        _ => None,
    };
    count.map_or(Ok(DEFAULT_PBES2_COUNT.into()), |count| count.as_u64().ok_or(Error::JweHeaderMalformed))
}

/// Checks a header as a decrypter would, and reads what it says about key management.
pub(super) fn check(places: Places<'_>, key: &EncryptionKey, count: u64) -> Result<(Header, Options), Error> {
    let (header, parameters) = places.read()?;
    // What differs from JWE to JWE is made here.
    if parameters.has_made_here() {
        return Err(Error::HeaderContradiction);
    }
    if key.encryption().is_some_and(|only| only != header.encryption()) {
        return Err(Error::HeaderContradiction);
    }
    let parties = match key.algorithm().mode() {
        Mode::Agreement(_) => parameters.parties()?,
        _ => Parties::default(),
    };
    Ok((header, Options { parties, count }))
}

/// The JSON text of a header: its members, and the parameters that are new each time.
pub(super) fn to_json(members: &Map<String, Value>, parameters: &KeyParameters) -> Result<String, Error> {
    let mut json = serde_json::to_string(members).map_err(|_| Error::Serialize)?;
    append(&mut json, parameters);
    Ok(json)
}

/// Adds parameters to a JSON object that is not empty: there is at least `alg`.
pub(super) fn append(json: &mut String, parameters: &KeyParameters) {
    let end = json.pop();
    json.push_str(&parameters.to_json());
    json.extend(end);
}
