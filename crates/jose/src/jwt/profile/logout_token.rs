//! Logout tokens (OpenID Connect Back-Channel Logout 1.0).

use crate::error::Error;
use crate::jwt::builder::{Builder, NeedsIssuer};
use crate::jwt::checks::Subject;
use crate::jwt::profile::Profile;
use crate::jwt::{TokenType, Verifier};

impl Verifier {
    /// Logout tokens for a client: type `logout+jwt` (section 2.4), an `events` claim with the logout event, `sub` or
    /// `sid`, and no `nonce`, so that no ID token passes for one (section 2.6).
    ///
    /// Providers that set no type of their own need [`TokenType::ExactlyOrUntyped`] in the field `typ`.
    ///
    /// ```
    /// use probity_jose::{SignatureAlgorithm, jwt};
    /// let verifier = jwt::Verifier::logout_token()
    ///     .issuer("https://op.example")
    ///     .audience("client-1")
    ///     .algorithms([SignatureAlgorithm::Es256]);
    /// ```
    pub fn logout_token() -> Builder<NeedsIssuer> {
        let required = ["iss", "aud", "iat", "exp", "jti", "events"];
        Builder::new(Profile::LogoutToken, TokenType::Exactly("logout+jwt".into()), &required)
    }
}

/// Section 2.6, steps 4 to 6.
pub(super) fn check(subject: &Subject<'_>) -> Result<(), Error> {
    let session = subject.text("sid")?;
    if subject.registered.sub.is_none() && session.is_none() {
        return Err(Error::ClaimMissing);
    }
    let events = subject.claims.member("events").ok_or(Error::ClaimMissing)?;
    events.members().ok_or(Error::ClaimMalformed)?;
    let event = events.member(EVENT).ok_or(Error::ClaimMissing)?;
    event.members().ok_or(Error::ClaimMalformed)?;
    if subject.claims.member("nonce").is_some() { Err(Error::ClaimForbidden) } else { Ok(()) }
}

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
