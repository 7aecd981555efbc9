//! JSON Web Tokens (RFC 7519): claims, signed.
//!
//! ```
//! use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, UnixTime, jwt};
//!
//! let key = SigningKey::generate(SignatureAlgorithm::Es256)?;
//! let claims = serde_json::json!({
//!     "iss": "https://as.example", "aud": "https://api.example", "sub": "alice", "client_id": "web",
//!     "iat": 1_000, "exp": 1_300, "jti": "7f3a", "scope": "read",
//! });
//! let token = jwt::sign("at+jwt", &claims, &key)?;
//!
//! #[derive(serde::Deserialize)]
//! struct Claims { scope: String }
//!
//! let verifier = jwt::Verifier::access_token()
//!     .issuer("https://as.example")
//!     .audience("https://api.example")
//!     .algorithms([SignatureAlgorithm::Es256]);
//! let keys = JwkSet::from(key.verifying_key()?);
//! let verified = verifier.verify::<Claims>(&token, &keys, UnixTime::from_secs(1_200))?;
//! assert_eq!(verified.claims().scope, "read");
//! assert_eq!(verified.registered().sub.as_deref(), Some("alice"));
//! # Ok::<(), probity_jose::Error>(())
//! ```

mod builder;
mod checks;
mod claims;
mod explain;
mod nested;
pub mod profile;
mod sign;
mod token_type;
mod unverified;
mod verified;
mod verifier;

pub use builder::{Builder, NeedsAlgorithms, NeedsAudience, NeedsIssuer};
pub use claims::RegisteredClaims;
pub use explain::{Check, Detail, Explanation, Step};
pub use nested::{Nested, sign_then_encrypt};
pub use profile::{DpopProof, DpopRequest, DpopVerifier, IdTokenVerifier, half_hash};
pub use sign::sign;
pub use token_type::TokenType;
pub use unverified::Unverified;
pub use verified::Verified;
pub use verifier::{Audience, Issuer, Verifier};
