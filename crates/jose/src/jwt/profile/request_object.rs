//! Request objects (RFC 9101): an authorization request as a token.

use crate::error::Error;
use crate::jwt::builder::{Builder, NeedsIssuer};
use crate::jwt::checks::Subject;
use crate::jwt::profile::Profile;
use crate::jwt::{TokenType, Verifier};

impl Verifier {
    /// Signed authorization requests of a client, whose identifier is the issuer (RFC 9101 section 4). The audience is
    /// the authorization server's issuer.
    ///
    /// A client assertion never passes for one: `sub` must not be the client (section 10.8).
    ///
    /// ```
    /// use probity_jose::{SignatureAlgorithm, jwt};
    /// let verifier = jwt::Verifier::request_object()
    ///     .issuer("client-1")
    ///     .audience("https://as.example")
    ///     .algorithms([SignatureAlgorithm::Es256]);
    /// ```
    pub fn request_object() -> Builder<NeedsIssuer> {
        let typ = TokenType::ExactlyOrUntyped("oauth-authz-req+jwt".into());
        Builder::new(Profile::RequestObject, typ, &["iss", "aud", "exp", "client_id"])
    }
}

/// RFC 9101 sections 4, 5 and 10.8.
pub(super) fn check(subject: &Subject<'_>) -> Result<(), Error> {
    let client = subject.text("client_id")?.ok_or(Error::ClaimMissing)?;
    let own = subject.registered.iss.as_deref() == Some(&client);
    // Section 4: neither of them may stand in a request object.
    let nested = ["request", "request_uri"].iter().any(|name| subject.claims.member(name).is_some());
    let assertion = subject.registered.sub.as_deref() == Some(&client);
    if own && !nested && !assertion { Ok(()) } else { Err(Error::ClaimForbidden) }
}
