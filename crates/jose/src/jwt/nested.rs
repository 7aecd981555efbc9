//! A JWT that is signed and then encrypted (RFC 7519 section 11.2), in one operation.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{RegisteredClaims, Verified, Verifier, sign, token_type};
use crate::error::Error;
use crate::json::Document;
use crate::jwe::{self, ContentEncryptionAlgorithm, Decrypter, DecryptionKeys, EncryptionKey};
use crate::jwk::JwkSet;
use crate::key::SigningKey;
use crate::limits::Limits;
use crate::time::UnixTime;

/// What is accepted as a nested JWT: one policy for its encryption and one for the token inside.
///
/// The encryption alone proves nothing, as anybody who has the recipient's public key can make one (CVE-2026-29000).
/// Only a token inside that the [`Verifier`] accepts becomes [`Verified`].
///
/// ```
/// use probity_jose::jwe::{ContentEncryptionAlgorithm, Decrypter, DecryptionKey, KeyManagementAlgorithm};
/// use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, UnixTime, jwt};
///
/// let issuer = SigningKey::generate(SignatureAlgorithm::Es256)?;
/// let recipient = DecryptionKey::generate(KeyManagementAlgorithm::EcdhEs)?;
/// let claims = serde_json::json!({"iss": "https://as.example", "aud": "api", "exp": 1_300});
/// let enc = ContentEncryptionAlgorithm::A256Gcm;
/// let token = jwt::sign_then_encrypt("at+jwt", &claims, &issuer, enc, &recipient.encryption_key()?)?;
///
/// let verifier = jwt::Verifier::custom(jwt::TokenType::Exactly("at+jwt".into()))
///     .issuer("https://as.example")
///     .audience("api")
///     .algorithms([SignatureAlgorithm::Es256]);
/// let nested = jwt::Nested::new(Decrypter::new([KeyManagementAlgorithm::EcdhEs], [enc]), verifier);
/// let keys = JwkSet::from(issuer.verifying_key()?);
/// let verified = nested.verify::<serde_json::Value>(&token, &recipient.into(), &keys, UnixTime::from_secs(1_200))?;
/// assert_eq!(verified.registered().iss.as_deref(), Some("https://as.example"));
/// # Ok::<(), probity_jose::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Nested {
    /// What is accepted as the encryption.
    pub encryption: Decrypter,
    /// What is accepted as the token inside.
    pub token: Verifier,
}

impl Nested {
    /// A policy of two. The encryption's limits become those of tokens, [`Limits::NESTED_JWT`].
    pub fn new(encryption: Decrypter, token: Verifier) -> Self {
        Self { encryption: Decrypter { limits: Limits::NESTED_JWT, ..encryption }, token }
    }

    /// Decrypts a token and verifies what is inside.
    ///
    /// # Errors
    /// `jwe.*`: it can't be decrypted. [`Error::NotNested`] when it does not say that it holds a JWT. Those of
    /// [`Verifier::verify`]. [`Error::ReplicatedClaim`] when its header says other things than the token inside.
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        recipient: &DecryptionKeys,
        issuer: &JwkSet,
        now: UnixTime,
    ) -> Result<Verified<C>, Error> {
        let decrypted = self.encryption.decrypt(token, recipient)?;
        // RFC 7519 section 5.2: `cty` must be there, and must be JWT.
        if !decrypted.header().content_type().is_some_and(|typ| token_type::is_same("JWT", typ)) {
            return Err(Error::NotNested);
        }
        let inside = core::str::from_utf8(decrypted.content()).map_err(|_| Error::NotCompact)?;
        let verified = self.token.verify(inside, issuer, now)?;
        check_replicated(decrypted.header().protected(), verified.registered())?;
        Ok(verified)
    }
}

/// Makes a nested JWT: signs claims as [`sign()`] does, and encrypts the result.
///
/// # Errors
/// Those of [`sign()`] and of [`jwe::encrypt`].
///
/// ```
/// use probity_jose::jwe::{ContentEncryptionAlgorithm, DecryptionKey, KeyManagementAlgorithm};
/// use probity_jose::{SignatureAlgorithm, SigningKey, jwt};
/// let issuer = SigningKey::generate(SignatureAlgorithm::Es256)?;
/// let recipient = DecryptionKey::generate(KeyManagementAlgorithm::EcdhEs)?.encryption_key()?;
/// let claims = serde_json::json!({"sub": "alice"});
/// let token = jwt::sign_then_encrypt("at+jwt", &claims, &issuer, ContentEncryptionAlgorithm::A256Gcm, &recipient)?;
/// assert_eq!(token.matches('.').count(), 4);
/// # Ok::<(), probity_jose::Error>(())
/// ```
pub fn sign_then_encrypt<C: Serialize>(
    typ: &str,
    claims: &C,
    issuer: &SigningKey,
    encryption: ContentEncryptionAlgorithm,
    recipient: &EncryptionKey,
) -> Result<String, Error> {
    let token = sign(typ, claims, issuer)?;
    // RFC 7519 section 5.2 recommends upper case.
    let header = jwe::NewHeader::with_content_type("JWT");
    jwe::encrypt(&header, encryption, token, recipient)
}

/// RFC 7519 section 5.3: claims in the header, for whoever can't decrypt, must be those of the token.
fn check_replicated(header: &str, registered: &RegisteredClaims) -> Result<(), Error> {
    let document = Document::parse(header.as_bytes())?;
    let header = RegisteredClaims::read(document.root())?.into_owned();
    let same = header.iss.is_none_or(|iss| registered.iss == Some(iss))
        && header.sub.is_none_or(|sub| registered.sub == Some(sub))
        && (header.aud.is_empty() || header.aud == registered.aud);
    if same { Ok(()) } else { Err(Error::ReplicatedClaim) }
}
