//! The operator's signing key, for checks that need tokens with a valid signature.

use aws_lc_rs::hmac;
use probity_jose::jwk::Jwk;
use probity_jose::{SignatureAlgorithm, SigningKey};
use zeroize::Zeroizing;

use crate::evidence::Json;

/// A key that signs whatever the auditor wants.
#[derive(Debug)]
pub struct Signer {
    algorithm: String,
    kid: Option<String>,
    key: Key,
}

enum Key {
    Secret(Zeroizing<Vec<u8>>),
    Jwk(Zeroizing<String>),
}

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Key")
    }
}

/// Why a text is no signing key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignerError {
    /// It is no private JWK.
    #[error("the signing key is no private JWK (probity key convert makes one of PEM): {0}")]
    Jwk(probity_jose::Error),
    /// The key fits several algorithms and names none.
    #[error("the signing key does not name its algorithm: add \"alg\"")]
    Algorithm,
}

impl Signer {
    /// A private JWK that names its algorithm; `algorithm` is used when it does not.
    ///
    /// # Errors
    /// [`SignerError`].
    pub fn from_jwk(text: &str, algorithm: Option<&str>) -> Result<Self, SignerError> {
        let json = Json::parse(text).unwrap_or(Json::Null);
        let kid = json.text("kid").map(str::to_owned);
        let algorithm = json.text("alg").or(algorithm).ok_or(SignerError::Algorithm)?.to_owned();
        if json.text("kty") == Some("oct") {
            let secret = json.text("k").and_then(crate::evidence::base64url).unwrap_or_default();
            return Ok(Self { algorithm, kid, key: Key::Secret(Zeroizing::new(secret)) });
        }
        Jwk::parse(text.as_bytes()).map_err(SignerError::Jwk)?;
        let bare = json.without("alg").without("key_ops").without("use").to_string();
        let signer = Self { algorithm, kid, key: Key::Jwk(Zeroizing::new(bare)) };
        signer.sign(b"").map(|_| ()).ok_or(SignerError::Jwk(probity_jose::Error::NotPrivate))?;
        Ok(signer)
    }

    /// A secret for HMAC.
    pub fn from_secret(secret: &[u8], algorithm: &str) -> Self {
        Self { algorithm: algorithm.to_owned(), kid: None, key: Key::Secret(Zeroizing::new(secret.to_vec())) }
    }

    /// The key's own algorithm.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The key's `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// A signature by the key's own algorithm.
    pub fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        self.sign_as(&self.algorithm, input)
    }

    /// A signature by another algorithm of the same family.
    pub fn sign_as(&self, algorithm: &str, input: &[u8]) -> Option<Vec<u8>> {
        match &self.key {
            Key::Secret(secret) => hmac_sign(algorithm, secret, input),
            Key::Jwk(text) => {
                let algorithm: SignatureAlgorithm = algorithm.parse().ok()?;
                SigningKey::from_jwk_for(text.as_bytes(), algorithm).ok()?.sign(input).ok()
            }
        }
    }

    /// The other algorithms that the same key can sign with.
    pub fn relatives(&self) -> Vec<&'static str> {
        let families: [&[&str]; 3] = [
            &["HS256", "HS384", "HS512"],
            &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
            &["EdDSA", "Ed25519"],
        ];
        let family = families.into_iter().find(|family| family.contains(&self.algorithm.as_str()));
        family.unwrap_or_default().iter().copied().filter(|name| *name != self.algorithm).collect()
    }
}

/// An HMAC by the name of the algorithm.
pub(crate) fn hmac_sign(algorithm: &str, secret: &[u8], input: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match algorithm {
        "HS256" => hmac::HMAC_SHA256,
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        _ => return None,
    };
    Some(hmac::sign(&hmac::Key::new(algorithm, secret), input).as_ref().to_vec())
}
