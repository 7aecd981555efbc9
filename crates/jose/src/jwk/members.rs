//! A JWK's members by name, and their usual forms.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::base64url;
use crate::error::Error;
use crate::json::Value;

/// The members of one JWK.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Members<'d>(Value<'d>);

impl<'d> Members<'d> {
    pub(crate) fn of(value: Value<'d>) -> Result<Self, Error> {
        value.members().map(|_| Self(value)).ok_or(Error::JwkMalformed)
    }

    pub(super) fn value(self, name: &str) -> Option<Value<'d>> {
        self.0.member(name)
    }

    /// A string, or nothing when the member is absent.
    pub(super) fn text(self, name: &str) -> Result<Option<Cow<'d, str>>, Error> {
        self.value(name).map(|value| value.as_str().ok_or(Error::JwkMalformed)).transpose()
    }

    pub(super) fn required_text(self, name: &str) -> Result<Cow<'d, str>, Error> {
        self.text(name)?.ok_or(Error::JwkMalformed)
    }

    /// Bytes in base64url.
    pub(super) fn bytes(self, name: &str) -> Result<Vec<u8>, Error> {
        base64url::decode(&self.required_text(name)?)
    }

    /// Private bytes in base64url, or nothing when the member is absent.
    pub(super) fn secret(self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        self.text(name)?.map(|text| base64url::decode_secret(&text)).transpose()
    }

    /// An array of strings, or nothing when the member is absent.
    pub(super) fn texts(self, name: &str) -> Result<Option<Vec<Cow<'d, str>>>, Error> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let elements = value.elements().ok_or(Error::JwkMalformed)?;
        elements.map(|element| element.as_str().ok_or(Error::JwkMalformed)).collect::<Result<_, _>>().map(Some)
    }
}
