//! The registered claims (RFC 7519 section 4.1).

use std::borrow::Cow;

use crate::error::Error;
use crate::json::{Number, View};
use crate::limits::{MAX_AUDIENCES, MAX_NUMERIC_DATE};
use crate::time::UnixTime;

/// The claims that RFC 7519 registers. An absent claim is `None`; one of the wrong type makes the token invalid, and
/// is never taken for absent.
///
/// The texts are a `String`, or borrow from the token's claims after [`verify_in`](super::Verifier::verify_in).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredClaims<T = String> {
    /// `iss`: who issued the token.
    pub iss: Option<T>,
    /// `sub`: whom the token is about.
    pub sub: Option<T>,
    /// `aud`: for whom the token is. A single audience stands here like a list of one; empty when absent.
    pub aud: Vec<T>,
    /// `exp`: from this second on the token has expired.
    pub exp: Option<UnixTime>,
    /// `nbf`: before this second the token is not valid.
    pub nbf: Option<UnixTime>,
    /// `iat`: when the token was issued.
    pub iat: Option<UnixTime>,
    /// `jti`: the token's own identifier.
    pub jti: Option<T>,
}

impl<T> Default for RegisteredClaims<T> {
    fn default() -> Self {
        Self { iss: None, sub: None, aud: Vec::new(), exp: None, nbf: None, iat: None, jti: None }
    }
}

impl<'t> RegisteredClaims<Cow<'t, str>> {
    /// Whether a claim is there; nothing when it is none of these.
    pub(super) fn has(&self, name: &str) -> Option<bool> {
        Some(match name {
            "iss" => self.iss.is_some(),
            "sub" => self.sub.is_some(),
            "aud" => !self.aud.is_empty(),
            "exp" => self.exp.is_some(),
            "nbf" => self.nbf.is_some(),
            "iat" => self.iat.is_some(),
            "jti" => self.jti.is_some(),
            _ => return None,
        })
    }

    pub(super) fn read(claims: View<'_, 't>) -> Result<Self, Error> {
        let mut registered = Self::default();
        for (name, value) in claims.members().ok_or(Error::ClaimsNotObject)? {
            match name.as_ref() {
                "iss" => registered.iss = Some(value.as_str().ok_or(Error::ClaimMalformed)?),
                "sub" => registered.sub = Some(value.as_str().ok_or(Error::ClaimMalformed)?),
                "aud" => registered.aud = audiences(value)?,
                "exp" => registered.exp = Some(date(value).ok_or(Error::DateMalformed)?),
                "nbf" => registered.nbf = Some(date(value).ok_or(Error::DateMalformed)?),
                "iat" => registered.iat = Some(date(value).ok_or(Error::DateMalformed)?),
                "jti" => registered.jti = Some(value.as_str().ok_or(Error::ClaimMalformed)?),
                _ => {}
            }
        }
        Ok(registered)
    }

    /// The same claims, independent of the text.
    pub fn into_owned(self) -> RegisteredClaims {
        RegisteredClaims {
            iss: self.iss.map(Cow::into_owned),
            sub: self.sub.map(Cow::into_owned),
            aud: self.aud.into_iter().map(Cow::into_owned).collect(),
            exp: self.exp,
            nbf: self.nbf,
            iat: self.iat,
            jti: self.jti.map(Cow::into_owned),
        }
    }
}

/// RFC 7519 section 4.1.3: a string, or an array of strings. An empty array is for nobody, and a mistake.
fn audiences<'t>(value: View<'_, 't>) -> Result<Vec<Cow<'t, str>>, Error> {
    let Some(elements) = value.elements() else {
        return value.as_str().map(|audience| vec![audience]).ok_or(Error::ClaimMalformed);
    };
    let mut audiences = Vec::new();
    for element in elements {
        if audiences.len() == MAX_AUDIENCES {
            return Err(Error::TooManyAudiences);
        }
        audiences.push(element.as_str().ok_or(Error::ClaimMalformed)?);
    }
    if audiences.is_empty() { Err(Error::ClaimMalformed) } else { Ok(audiences) }
}

/// A NumericDate (RFC 7519 section 2), rounded up to the whole second: a verifier's clock shows whole seconds too, and
/// `now < exp` has the same answer for both.
fn date(value: View<'_, '_>) -> Option<UnixTime> {
    let seconds = match value.as_number()? {
        Number::Unsigned(seconds) => seconds,
        Number::Float(seconds) => whole(seconds)?,
        Number::Negative(_) => return None,
    };
    (seconds < MAX_NUMERIC_DATE).then_some(UnixTime::from_secs(seconds))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "between 0 and 2^53 whole doubles are exact"
)]
fn whole(seconds: f64) -> Option<u64> {
    let inside = (0.0..=MAX_NUMERIC_DATE as f64).contains(&seconds) && !seconds.is_sign_negative();
    inside.then(|| seconds.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    fn read(text: &str) -> Result<RegisteredClaims, Error> {
        RegisteredClaims::read(Document::parse(text.as_bytes()).unwrap().root()).map(RegisteredClaims::into_owned)
    }

    #[test]
    fn dates_are_numbers_from_zero_to_below_two_to_the_53() {
        let exp = |number: &str| read(&format!(r#"{{"exp":{number}}}"#)).map(|claims| claims.exp.unwrap().as_secs());
        for (number, seconds) in
            [("0", 0), ("1.5", 2), ("1e3", 1000), ("10.0", 10), ("9007199254740991", (1 << 53) - 1), ("0.0", 0)]
        {
            assert_eq!(exp(number), Ok(seconds), "{number}");
        }
        for number in [
            "-1",
            "-0.5",
            "9007199254740992",
            "1e300",
            "18446744073709551616",
            "\"5\"",
            "null",
            "true",
            "[5]",
            "{}",
            "9.007199254740993e15",
        ] {
            assert_eq!(exp(number), Err(Error::DateMalformed), "{number}");
        }
    }

    #[test]
    fn an_ill_typed_claim_is_never_taken_for_absent() {
        for name in ["iss", "sub", "aud", "jti"] {
            for value in ["null", "1", "true", "{}", "[]", "[1]", "[null]", r#"["a",1]"#, r#"[["a"]]"#] {
                assert_eq!(read(&format!(r#"{{"{name}":{value}}}"#)), Err(Error::ClaimMalformed), "{name} {value}");
            }
        }
        assert_eq!(read("[]"), Err(Error::ClaimsNotObject));
        assert_eq!(read(r#""iss""#), Err(Error::ClaimsNotObject));
        assert_eq!(read(r#"{"aud":["a","b"]}"#).unwrap().aud, ["a", "b"]);
        assert_eq!(read(r#"{"EXP":"x","Iss":1}"#), Ok(RegisteredClaims::default()));
    }
}
