//! In which form a client gets its access tokens.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use probity_jose::jwe::{EncryptionKey, KeyManagementAlgorithm};

/// The form of access tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// Signed: anybody can read it, and whoever has the issuer's keys can check it (RFC 9068).
    #[default]
    Jwt,
    /// Only this authority can read it: whoever gets it asks here (RFC 7662).
    Opaque,
    /// Signed, then encrypted to its audience: only the audience can read it (RFC 7519 section 5.2).
    EncryptedJwt,
}

/// The key of an audience, from its public JWK. Its `alg` says how the content's key is encrypted.
///
/// # Errors
/// Says what is wrong with it.
pub fn audience_key(jwk: &Value) -> Result<EncryptionKey, &'static str> {
    if jwk.get("d").is_some() || jwk.get("priv").is_some() {
        // Whoever reads the configuration could read the tokens.
        return Err("has a private part");
    }
    let algorithm = jwk.get("alg").and_then(Value::as_str).and_then(|name| name.parse().ok());
    let algorithm = algorithm.filter(|algorithm| ASYMMETRIC.contains(algorithm)).ok_or(
        "needs an alg for public keys: ECDH-ES, ECDH-ES+A128KW, ECDH-ES+A256KW, RSA-OAEP-256, RSA-OAEP-384 or RSA-OAEP-512",
    )?;
    EncryptionKey::from_jwk(jwk.to_string().as_bytes(), algorithm).map_err(|_| "is no public key for its alg")
}

const ASYMMETRIC: [KeyManagementAlgorithm; 6] = [
    KeyManagementAlgorithm::EcdhEs,
    KeyManagementAlgorithm::EcdhEsA128Kw,
    KeyManagementAlgorithm::EcdhEsA256Kw,
    KeyManagementAlgorithm::RsaOaep256,
    KeyManagementAlgorithm::RsaOaep384,
    KeyManagementAlgorithm::RsaOaep512,
];
