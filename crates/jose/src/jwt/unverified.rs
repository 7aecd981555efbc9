//! A look at a token before it is verified, to find out whose keys are needed.

use crate::base64url;
use crate::error::Error;
use crate::json::{Document, Value};
use crate::jws::{Header, Parts};
use crate::limits::Limits;

/// What a token says about itself. Anybody can write this: use it to choose the keys, and for nothing else.
///
/// It can't become a [`Verified`](super::Verified), and holds no more than key selection needs.
///
/// ```
/// use probity_jose::jwt::Unverified;
/// let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2FzLmV4YW1wbGUifQ.c2ln";
/// assert_eq!(Unverified::parse(token)?.issuer(), Some("https://as.example"));
/// # Ok::<(), probity_jose::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Unverified {
    header: Header,
    issuer: Option<String>,
}

impl Unverified {
    /// Reads a token without verifying anything.
    ///
    /// # Errors
    /// `jws.*`, `json.*`, `jwt.*`: the token is malformed.
    pub fn parse(token: &str) -> Result<Self, Error> {
        if token.len() > Limits::JWT.token_bytes {
            return Err(Error::TokenTooLarge);
        }
        let parts = Parts::split(token)?;
        Self::read(&parts).map_err(|error| parts.explain(error))
    }

    fn read(parts: &Parts<'_>) -> Result<Self, Error> {
        if base64url::decoded_len(parts.header.len()) > Limits::JWT.header_bytes {
            return Err(Error::HeaderTooLarge);
        }
        let header = Header::parse(&base64url::decode(parts.header)?)?;
        let payload = base64url::decode(parts.payload)?;
        let claims = Document::parse(&payload)?;
        if claims.root().members().is_none() {
            return Err(Error::ClaimsNotObject);
        }
        let text = |value: Value<'_>| value.as_str().map(String::from).ok_or(Error::ClaimMalformed);
        let issuer = claims.root().member("iss").map(text).transpose()?;
        Ok(Self { header, issuer })
    }

    /// The header: `alg` and `kid`.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// `iss`.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }
}
