//! Access tokens (RFC 9068).

use crate::jwt::builder::{Builder, NeedsIssuer};
use crate::jwt::profile::Profile;
use crate::jwt::{TokenType, Verifier};

impl Verifier {
    /// Access tokens for a resource server: type `at+jwt` (RFC 9068 section 4), with the claims that section 2.2
    /// requires.
    ///
    /// ```
    /// use probity_jose::{SignatureAlgorithm, jwt};
    /// let verifier = jwt::Verifier::access_token()
    ///     .issuer("https://as.example")
    ///     .audience("https://api.example")
    ///     .algorithms([SignatureAlgorithm::Es256]);
    /// ```
    pub fn access_token() -> Builder<NeedsIssuer> {
        let required = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];
        Builder::new(Profile::Plain, TokenType::Exactly("at+jwt".into()), &required)
    }
}
