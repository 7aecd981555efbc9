//! Client assertions (RFC 7523): a client's own token instead of a password.

use crate::error::Error;
use crate::jwt::builder::{Builder, NeedsIssuer};
use crate::jwt::checks::Subject;
use crate::jwt::profile::Profile;
use crate::jwt::{TokenType, Verifier};

impl Verifier {
    /// Assertions with which a client authenticates itself (RFC 7523 section 3). The issuer is the client's
    /// identifier, and `sub` must be the same. Each has a `jti`, which the caller must accept only once until `exp`.
    ///
    /// The audience should be the authorization server's issuer, and set with
    /// [`only_audience`](Builder::only_audience): an assertion that names another server too could be played on by it
    /// (draft-ietf-oauth-rfc7523bis).
    ///
    /// ```
    /// use probity_jose::{SignatureAlgorithm, jwt};
    /// let verifier = jwt::Verifier::client_assertion()
    ///     .issuer("client-1")
    ///     .only_audience("https://as.example")
    ///     .algorithms([SignatureAlgorithm::Es256]);
    /// ```
    pub fn client_assertion() -> Builder<NeedsIssuer> {
        let typ = TokenType::ExactlyOrUntyped("client-authentication+jwt".into());
        Builder::new(Profile::ClientAssertion, typ, &["iss", "sub", "aud", "exp", "jti"])
    }
}

/// RFC 7523 section 3, items 1 and 2 B: issuer and subject are the client.
pub(super) fn check(subject: &Subject<'_>) -> Result<(), Error> {
    if subject.registered.sub == subject.registered.iss { Ok(()) } else { Err(Error::ClaimForbidden) }
}
