//! The policy for tokens, and the one door through which a token becomes [`Verified`].

use core::time::Duration;
use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::checks::Subject;
use super::profile::Profile;
use super::{RegisteredClaims, TokenType, Verified, checks};
use crate::error::Error;
use crate::json::Document;
use crate::jwk::JwkSet;
use crate::jws;
use crate::time::UnixTime;

/// What is accepted as a token.
///
/// It can't be made without a decision about type, issuer, audience and algorithms; what can be adjusted afterwards is
/// a public field. Nothing about it is global.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// The signature: algorithms, limits, extensions.
    pub signature: jws::Verifier,
    pub(super) profile: Profile,
    /// The kind of token.
    pub typ: TokenType,
    /// Whose tokens are accepted.
    pub issuer: Issuer,
    /// For whom a token must be.
    pub audience: Audience,
    /// The claims that must be there, registered or not. Set by the profile.
    pub required_claims: Vec<String>,
    /// How far clocks may be apart. Zero unless set.
    pub leeway: Duration,
    /// How far `iat` may be ahead of the clock, beside the leeway. Zero unless set; `exp` and `nbf` are not touched by it.
    pub issued_ahead: Duration,
    /// How long after `iat` a token is accepted at most; makes `iat` required. Unlimited unless set.
    pub max_age: Option<Duration>,
}

/// Whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuer {
    /// Those of this issuer. `iss` must be there and be exactly this.
    Exactly(String),
    /// Anybody's who holds one of the keys.
    Any,
}

/// For whom a token must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// `aud` must name one of these.
    Includes(Vec<String>),
    /// `aud` must be this one value and no other: a token that also names somebody else could be played on.
    Only(String),
    /// Anybody.
    Any,
}

impl Verifier {
    /// Verifies a token at a moment, and reads its claims into a type.
    ///
    /// The signature comes first: no claim of a forged token decides anything.
    ///
    /// # Errors
    /// `jws.*`, `json.*`, `base64url.*`: the token is malformed or its signature does not verify. `jwt.*`: its claims
    /// are not acceptable.
    pub fn verify<C: DeserializeOwned>(&self, token: &str, keys: &JwkSet, now: UnixTime) -> Result<Verified<C>, Error> {
        self.verify_and(token, keys, now, |_| Ok(()))
    }

    /// Verifies a token as [`verify`](Self::verify) does, in a buffer, whose content is lost. Claims may borrow from it,
    /// so that nothing is copied and next to nothing allocated.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    ///
    /// ```
    /// use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, UnixTime, jwt};
    /// #[derive(serde::Deserialize)]
    /// struct Claims<'b> {
    ///     scope: &'b str,
    /// }
    /// let key = SigningKey::generate(SignatureAlgorithm::Es256)?;
    /// let token = jwt::sign("x+jwt", &serde_json::json!({"iss": "i", "aud": "a", "exp": 9, "scope": "read"}), &key)?;
    /// let typ = jwt::TokenType::Exactly("x+jwt".into());
    /// let verifier = jwt::Verifier::custom(typ).issuer("i").audience("a").algorithms([SignatureAlgorithm::Es256]);
    /// let (keys, mut buffer) = (JwkSet::from(key.verifying_key()?), Vec::new());
    /// let verified = verifier.verify_in::<Claims>(&token, &keys, UnixTime::from_secs(1), &mut buffer)?;
    /// assert_eq!(verified.claims().scope, "read");
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn verify_in<'b, C: Deserialize<'b>>(
        &self,
        token: &str,
        keys: &JwkSet,
        now: UnixTime,
        buffer: &'b mut Vec<u8>,
    ) -> Result<Verified<C, Cow<'b, str>>, Error> {
        self.verify_and_in(token, keys, now, buffer, |_| Ok(()))
    }

    /// Verifies a token with one more check of its claims.
    pub(super) fn verify_and<C: DeserializeOwned>(
        &self,
        token: &str,
        keys: &JwkSet,
        now: UnixTime,
        check: impl FnOnce(&Subject<'_>) -> Result<(), Error>,
    ) -> Result<Verified<C>, Error> {
        let mut buffer = Vec::new();
        let Verified { claims, registered, header, key } = self.verify_and_in(token, keys, now, &mut buffer, check)?;
        Ok(Verified { claims, registered: registered.into_owned(), header, key })
    }

    fn verify_and_in<'b, C: Deserialize<'b>>(
        &self,
        token: &str,
        keys: &JwkSet,
        now: UnixTime,
        buffer: &'b mut Vec<u8>,
        check: impl FnOnce(&Subject<'_>) -> Result<(), Error>,
    ) -> Result<Verified<C, Cow<'b, str>>, Error> {
        let (header, key) = self.signature.verify_in(token, keys, buffer)?.into_parts();
        // RFC 7797 section 7: not in JWTs.
        if !header.is_payload_encoded() {
            return Err(Error::B64InJwt);
        }
        self.typ.check(header.typ())?;
        let document = Document::parse(buffer)?;
        let registered = RegisteredClaims::read(document.root())?;
        let subject = Subject { policy: self, claims: document.root(), registered: &registered, now };
        checks::check(&subject)?;
        check(&subject)?;
        let claims = document.deserialize().map_err(|_| Error::ClaimsMismatch)?;
        Ok(Verified { claims, registered, header, key })
    }
}
