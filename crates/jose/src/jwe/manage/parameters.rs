//! The header parameters of key management, which differ from token to token.

use std::borrow::Cow;

use super::gcm_wrap::GcmParameters;
use super::{Parties, PublicPoint, Stretch};
use crate::base64url;
use crate::error::Error;
use crate::json::{Number, Value};
use crate::jwe::algorithm::{KeyManagementAlgorithm, Mode};
use crate::jwe::short::Short;

/// What a recipient needs beside the key and the encrypted key.
pub(crate) enum KeyParameters {
    None,
    /// `iv` and `tag` (RFC 7518 section 4.7.1).
    Gcm(GcmParameters),
    /// `epk`, `apu` and `apv` (RFC 7518 section 4.6.1).
    Agreement(Box<(PublicPoint, Parties)>),
    /// `p2s` and `p2c` (RFC 7518 section 4.8.1).
    Password(Stretch),
}

impl KeyParameters {
    /// The parameters that are new for each JWE, so that no caller may set them.
    pub(crate) const MADE_HERE: [&'static str; 4] = ["epk", "iv", "tag", "p2s"];

    /// Reads the parameters that an algorithm needs, by name. Others say nothing here, and are not looked at.
    pub(crate) fn read<'d>(
        algorithm: KeyManagementAlgorithm,
        member: impl Fn(&str) -> Option<Value<'d>>,
    ) -> Result<Self, Error> {
        Ok(match algorithm.mode() {
            Mode::Direct | Mode::AesWrap(_) | Mode::Rsa(_) => Self::None,
            Mode::GcmWrap(_) => Self::Gcm(GcmParameters {
                iv: exactly(member("iv"), Error::IvLength)?,
                tag: exactly(member("tag"), Error::TagLength)?,
            }),
            Mode::Agreement(_) => {
                let ephemeral = PublicPoint::read(member("epk").ok_or(Error::EphemeralKeyMalformed)?)?;
                Self::Agreement(Box::new((ephemeral, read_parties(member)?)))
            }
            Mode::Password(..) => {
                let salt = base64url::decode(&text(member("p2s"))?)?;
                let Some(Number::Unsigned(count)) = member("p2c").and_then(Value::as_number) else {
                    return Err(Error::JweHeaderMalformed);
                };
                Self::Password(Stretch::new(salt, count)?)
            }
        })
    }

    /// The members for the header, each with a comma before it.
    pub(crate) fn to_json(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Gcm(GcmParameters { iv, tag }) => {
                let [iv, tag] = [iv.as_ref(), tag.as_ref()].map(base64url::encode);
                format!(r#","iv":"{iv}","tag":"{tag}""#)
            }
            // `apu` and `apv` are the caller's, and in the header already.
            Self::Agreement(agreement) => format!(r#","epk":{}"#, agreement.0.to_json()),
            Self::Password(Stretch { salt, count }) => {
                format!(r#","p2s":"{}","p2c":{count}"#, base64url::encode(salt))
            }
        }
    }
}

/// Reads `apu` and `apv` (RFC 7518 sections 4.6.1.2 and 4.6.1.3).
pub(crate) fn read_parties<'d>(member: impl Fn(&str) -> Option<Value<'d>>) -> Result<Parties, Error> {
    let party = |name| member(name).map_or(Ok(Vec::new()), |value| base64url::decode(&text(Some(value))?));
    Ok(Parties { producer: party("apu")?, recipient: party("apv")? })
}

fn text(value: Option<Value<'_>>) -> Result<Cow<'_, str>, Error> {
    value.and_then(Value::as_str).ok_or(Error::JweHeaderMalformed)
}

fn exactly<const N: usize>(value: Option<Value<'_>>, wrong_length: Error) -> Result<Short<N>, Error> {
    Short::decoded(&text(value)?, N, wrong_length)
}
