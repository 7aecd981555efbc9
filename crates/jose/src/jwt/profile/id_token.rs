//! ID tokens (OpenID Connect Core 1.0).

use aws_lc_rs::digest;
use serde::de::DeserializeOwned;

use crate::algorithm::SignatureAlgorithm;
use crate::base64url;
use crate::error::Error;
use crate::jwk::JwkSet;
use crate::jwt::builder::Builder;
use crate::jwt::checks::Subject;
use crate::jwt::profile::Profile;
use crate::jwt::{TokenType, Verified, Verifier};
use crate::time::UnixTime;

/// Verifies ID tokens for one client of one provider (OpenID Connect Core 1.0 section 3.1.3.7).
#[derive(Debug, Clone)]
pub struct IdTokenVerifier {
    /// The rules of every token, with what can be adjusted about them.
    pub policy: Verifier,
    client_id: String,
}

impl IdTokenVerifier {
    /// A verifier for a provider's tokens to a client.
    ///
    /// ```
    /// use probity_jose::{SignatureAlgorithm, jwt};
    /// let verifier = jwt::IdTokenVerifier::new("https://op.example", "web", [SignatureAlgorithm::Es256]);
    /// ```
    pub fn new(
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        algorithms: impl IntoIterator<Item = SignatureAlgorithm>,
    ) -> Self {
        let client_id = client_id.into();
        let policy = Builder::new(Profile::Plain, TokenType::Untyped, &["iss", "sub", "aud", "exp", "iat"])
            .issuer(issuer)
            .audience(client_id.clone())
            .algorithms(algorithms);
        Self { policy, client_id }
    }

    /// Verifies an ID token. `nonce` is the one of the authentication request, or nothing if none was sent; then the
    /// token must have none either.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; [`Error::WrongNonce`]; [`Error::WrongAudience`] when the token was issued to another
    /// client (`azp`), or to several without saying which.
    ///
    /// ```
    /// use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, UnixTime, jwt};
    /// let key = SigningKey::generate(SignatureAlgorithm::Es256)?;
    /// let claims = serde_json::json!({
    ///     "iss": "https://op.example", "aud": "web", "sub": "alice", "iat": 1_000, "exp": 1_300, "nonce": "n-0S6",
    /// });
    /// let token = jwt::sign("JWT", &claims, &key)?;
    /// let verifier = jwt::IdTokenVerifier::new("https://op.example", "web", [SignatureAlgorithm::Es256]);
    /// let (keys, now) = (JwkSet::from(key.verifying_key()?), UnixTime::from_secs(1_001));
    /// let verified = verifier.verify::<serde_json::Value>(&token, &keys, now, Some("n-0S6"))?;
    /// assert_eq!(verified.registered().sub.as_deref(), Some("alice"));
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        keys: &JwkSet,
        now: UnixTime,
        nonce: Option<&str>,
    ) -> Result<Verified<C>, Error> {
        self.policy.verify_and(token, keys, now, |subject| {
            self.check_party(subject)?;
            // Step 11.
            if subject.text("nonce")?.as_deref() == nonce { Ok(()) } else { Err(Error::WrongNonce) }
        })
    }

    /// Steps 4 and 5: with several audiences `azp` must be there, and if it is there it must be this client.
    fn check_party(&self, subject: &Subject<'_>) -> Result<(), Error> {
        match subject.text("azp")? {
            Some(party) if party == self.client_id => Ok(()),
            None if subject.registered.aud.len() == 1 => Ok(()),
            _ => Err(Error::WrongAudience),
        }
    }
}

/// The value that `at_hash` must have for an access token, and `c_hash` for a code (OpenID Connect Core 1.0 sections
/// 3.1.3.6 and 3.3.2.11): the left half of the hash that belongs to the ID token's algorithm. Nothing for algorithms to
/// which no hash belongs.
///
/// ```
/// use probity_jose::{SignatureAlgorithm, jwt};
/// // OpenID Connect Core 1.0 appendix A.3
/// let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
/// assert_eq!(jwt::half_hash(SignatureAlgorithm::Rs256, token).as_deref(), Some("77QmUPtjPfzWtF2AnpK9RQ"));
/// ```
pub fn half_hash(algorithm: SignatureAlgorithm, value: &str) -> Option<String> {
    // Ed25519 hashes with SHA-512 inside (RFC 8032 section 5.1).
    let hash = match algorithm {
        SignatureAlgorithm::EdDsa | SignatureAlgorithm::Ed25519 => Some(&digest::SHA512),
        other => other.hash(),
    }?;
    let hashed = digest::digest(hash, value.as_bytes());
    let (half, _) = hashed.as_ref().split_at_checked(hash.output_len() / 2)?;
    Some(base64url::encode(half))
}
