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

/// The same as they stand in a header, whether its algorithm needs them or not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RawParameters<'d> {
    epk: Option<Value<'d>>,
    apu: Option<Value<'d>>,
    apv: Option<Value<'d>>,
    iv: Option<Value<'d>>,
    tag: Option<Value<'d>>,
    salt: Option<Value<'d>>,
    count: Option<Value<'d>>,
}

impl<'d> RawParameters<'d> {
    /// Takes a header's member if it is one of these.
    pub(crate) fn take(&mut self, name: &str, value: Value<'d>) {
        let place = match name {
            "epk" => &mut self.epk,
            "apu" => &mut self.apu,
            "apv" => &mut self.apv,
            "iv" => &mut self.iv,
            "tag" => &mut self.tag,
            "p2s" => &mut self.salt,
            "p2c" => &mut self.count,
            _ => return,
        };
        *place = Some(value);
    }

    /// Reads the parameters that an algorithm needs. The others say nothing there, and are not looked at.
    pub(crate) fn read(&self, algorithm: KeyManagementAlgorithm) -> Result<KeyParameters, Error> {
        Ok(match algorithm.mode() {
            Mode::Direct | Mode::AesWrap(_) | Mode::Rsa(_) => KeyParameters::None,
            Mode::GcmWrap(_) => KeyParameters::Gcm(GcmParameters {
                iv: exactly(self.iv, Error::IvLength)?,
                tag: exactly(self.tag, Error::TagLength)?,
            }),
            Mode::Agreement(_) => {
                let ephemeral = PublicPoint::read(self.epk.ok_or(Error::EphemeralKeyMalformed)?)?;
                KeyParameters::Agreement(Box::new((ephemeral, self.parties()?)))
            }
            Mode::Password(..) => {
                let salt = base64url::decode(&text(self.salt)?)?;
                let Some(Number::Unsigned(count)) = self.count.and_then(Value::as_number) else {
                    return Err(Error::JweHeaderMalformed);
                };
                KeyParameters::Password(Stretch::new(salt, count)?)
            }
        })
    }

    /// Reads `apu` and `apv` (RFC 7518 sections 4.6.1.2 and 4.6.1.3).
    pub(crate) fn parties(&self) -> Result<Parties, Error> {
        let party = |value: Option<_>| value.map_or(Ok(Vec::new()), |value| base64url::decode(&text(Some(value))?));
        Ok(Parties { producer: party(self.apu)?, recipient: party(self.apv)? })
    }

    /// Whether there is one that is new for each JWE, so that no caller may set it.
    pub(crate) const fn has_made_here(&self) -> bool {
        self.epk.is_some() || self.iv.is_some() || self.tag.is_some() || self.salt.is_some()
    }
}

impl KeyParameters {
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

fn text(value: Option<Value<'_>>) -> Result<Cow<'_, str>, Error> {
    value.and_then(Value::as_str).ok_or(Error::JweHeaderMalformed)
}

fn exactly<const N: usize>(value: Option<Value<'_>>, wrong_length: Error) -> Result<Short<N>, Error> {
    Short::decoded(&text(value)?, N, wrong_length)
}
