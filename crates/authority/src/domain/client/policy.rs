//! What the operator decides about a client. A client that registers itself can't ask for any of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::access_token_format::{AccessTokenFormat, audience_key};
use crate::domain::claims::ClaimMapping;
use crate::domain::lifetimes::ClientLifetimes;

/// Decisions of the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientPolicy {
    /// Where its tokens may be good besides its `audience`, when it asks for that (RFC 8707).
    pub resources: Vec<String>,
    /// The audiences whose tokens it may exchange, because it is called with them (RFC 8693).
    pub exchanges_tokens_for: Vec<String>,
    /// Whether tokens that it has exchanged may be silent about it: without this they name it as the actor.
    pub may_impersonate: bool,
    /// Whether it is somebody else's: its users are then asked what it may have.
    pub third_party: bool,
    /// Whether it may leave out PKCE in OpenID requests with a `nonce` (OAuth 2.1 section 7.5.1), which it then has to check.
    /// For confidential clients only.
    pub nonce_instead_of_pkce: bool,
    /// In which form it gets its access tokens.
    pub access_token_format: AccessTokenFormat,
    /// The public key of its `audience`, a JWK with `alg`: for the format `encrypted_jwt`.
    pub access_token_encryption_key: Option<Value>,
    /// How long its own tokens live, where that differs from everybody's.
    pub lifetimes: ClientLifetimes,
    /// What it learns about users besides the standard claims.
    pub claims: Vec<ClaimMapping>,
}

impl ClientPolicy {
    /// Checks what can be checked without knowing the client.
    ///
    /// # Errors
    /// Names the member and says what is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        match (self.access_token_format, &self.access_token_encryption_key) {
            (AccessTokenFormat::EncryptedJwt, Some(jwk)) => {
                audience_key(jwk).map_err(|reason| format!("access_token_encryption_key: {reason}"))?;
                if !self.resources.is_empty() {
                    // The key is the audience's: nobody else could read the token.
                    return Err("resources: not with encrypted_jwt, which one audience reads".to_owned());
                }
            }
            (AccessTokenFormat::EncryptedJwt, None) => {
                return Err(
                    "access_token_encryption_key: encrypted_jwt needs the public key of the audience".to_owned()
                );
            }
            (_, Some(_)) => return Err("access_token_encryption_key: is for encrypted_jwt only".to_owned()),
            (_, None) => {}
        }
        self.lifetimes.check().map_err(|error| format!("lifetimes: {error}"))?;
        ClaimMapping::check_all(&self.claims).map_err(|reason| format!("claims: {reason}"))
    }
}
