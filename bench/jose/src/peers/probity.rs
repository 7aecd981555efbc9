//! Ours.

use std::hint::black_box;

use probity_jose::jwe::{self, ContentEncryptionAlgorithm, DecryptionKey, DecryptionKeys, KeyManagementAlgorithm};
use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, UnixTime, jwt};

use crate::fixtures::Fixtures;
use crate::{AUD, Claims, ClaimsRef, ISS, KID, Peer, SignFn, VerifyFn, now};

pub struct Probity;

/// The same, with claims that borrow from a buffer, as the floor's do.
pub struct ProbityIn;

/// The fixture's key of an algorithm, as a private JWK.
fn key(alg: &str, fx: &Fixtures) -> Option<SigningKey> {
    let algorithm: SignatureAlgorithm = alg.parse().ok()?;
    Some(match alg {
        "HS256" => SigningKey::from_secret(algorithm, &fx.bytes("hmac.key")),
        "RS256" | "PS256" => SigningKey::from_private_der(&fx.bytes("rsa.pk8.der"), algorithm),
        "ES256" => SigningKey::from_private_der(&fx.bytes("p256.pk8.der"), algorithm),
        "ES384" => SigningKey::from_private_der(&fx.bytes("p384.pk8.der"), algorithm),
        "EdDSA" => SigningKey::from_private_der(&fx.bytes("ed25519.pk8.der"), algorithm),
        "ML-DSA-44" => from_seed("ML-DSA-44", &fx.bytes("mldsa44.seed")),
        "ML-DSA-65" => from_seed("ML-DSA-65", &fx.bytes("mldsa65.seed")),
        _ => return None,
    }
    .unwrap()
    .with_key_id(KID))
}

fn from_seed(alg: &str, seed: &[u8]) -> Result<SigningKey, probity_jose::Error> {
    // RFC 9964: `pub` is checked against the seed, so it is computed first.
    use aws_lc_rs::signature::{KeyPair, ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, PqdsaKeyPair};
    let parameters = if alg == "ML-DSA-44" { &ML_DSA_44_SIGNING } else { &ML_DSA_65_SIGNING };
    let pair = PqdsaKeyPair::from_seed(parameters, seed).unwrap();
    let encode = probity_jose::base64url::encode;
    let public = encode(pair.public_key().as_ref());
    let jwk = format!(r#"{{"kty":"AKP","alg":"{alg}","pub":"{public}","priv":"{}"}}"#, encode(seed));
    SigningKey::from_jwk(jwk.as_bytes())
}

/// The fixture's key for encryption.
fn decryption_key(alg: &str, fx: &Fixtures) -> Option<DecryptionKey> {
    let key = match alg {
        "dir" => DecryptionKey::from_secret_direct(GCM, &fx.bytes("dir.key")),
        "ECDH-ES+A256KW" => {
            DecryptionKey::from_private_der(&fx.bytes("ecdh.pk8.der"), KeyManagementAlgorithm::EcdhEsA256Kw)
        }
        "RSA-OAEP-256" => DecryptionKey::from_private_der(&fx.bytes("rsa.pk8.der"), KeyManagementAlgorithm::RsaOaep256),
        _ => return None,
    };
    Some(key.unwrap().with_key_id(KID))
}

const GCM: ContentEncryptionAlgorithm = ContentEncryptionAlgorithm::A256Gcm;

impl Peer for Probity {
    fn name(&self) -> &'static str {
        "probity"
    }

    fn verifier(&self, alg: &str, fx: &Fixtures) -> Option<VerifyFn> {
        let keys = JwkSet::from(key(alg, fx)?.verifying_key().unwrap());
        let policy = jwt::Verifier::custom(jwt::TokenType::Untyped).issuer(ISS).audience(AUD);
        let policy = policy.algorithms([alg.parse().unwrap()]);
        Some(Box::new(move |token| {
            let verified: Result<jwt::Verified<Claims>, _> =
                policy.verify(token, &keys, UnixTime::from_secs(now()));
            black_box(&verified).is_ok()
        }))
    }

    fn signer(&self, alg: &str, fx: &Fixtures) -> Option<SignFn> {
        let key = key(alg, fx)?;
        let claims = fx.claims.clone();
        Some(Box::new(move || jwt::sign("JWT", &claims, &key).unwrap()))
    }

    fn decrypter(&self, alg: &str, fx: &Fixtures) -> Option<VerifyFn> {
        let key = decryption_key(alg, fx)?;
        let decrypter = jwe::Decrypter::new([key.algorithm()], [GCM]);
        let keys = DecryptionKeys::from(key);
        Some(Box::new(move |token| {
            let Ok(decrypted) = decrypter.decrypt(token, &keys) else { return false };
            let Ok(claims) = decrypted.deserialize::<Claims>() else { return false };
            let (claims, now) = (black_box(claims.content()), now());
            claims.exp > now && claims.nbf <= now && claims.iss == ISS && claims.aud == AUD
        }))
    }

    fn encrypter(&self, alg: &str, fx: &Fixtures) -> Option<SignFn> {
        let key = decryption_key(alg, fx)?.encryption_key().unwrap();
        let header = jwe::NewHeader { typ: Some("JWT".into()), ..jwe::NewHeader::default() };
        let encrypter = jwe::Encrypter::new(&header, GCM, &key).unwrap();
        let claims = fx.claims.clone();
        Some(Box::new(move || {
            let mut content = Vec::with_capacity(512);
            serde_json::to_writer(&mut content, &claims).unwrap();
            encrypter.encrypt(content).unwrap()
        }))
    }
}

impl Peer for ProbityIn {
    fn name(&self) -> &'static str {
        "probity, borrowed"
    }

    fn verifier(&self, alg: &str, fx: &Fixtures) -> Option<VerifyFn> {
        let keys = JwkSet::from(key(alg, fx)?.verifying_key().unwrap());
        let policy = jwt::Verifier::custom(jwt::TokenType::Untyped).issuer(ISS).audience(AUD);
        let policy = policy.algorithms([alg.parse().unwrap()]);
        let mut buffer = Vec::new();
        Some(Box::new(move |token| {
            let verified = policy.verify_in::<ClaimsRef>(token, &keys, UnixTime::from_secs(now()), &mut buffer);
            black_box(&verified).is_ok()
        }))
    }

    fn decrypter(&self, alg: &str, fx: &Fixtures) -> Option<VerifyFn> {
        let key = decryption_key(alg, fx)?;
        let decrypter = jwe::Decrypter::new([key.algorithm()], [GCM]);
        let keys = DecryptionKeys::from(key);
        Some(Box::new(move |token| {
            let Ok(decrypted) = decrypter.decrypt(token, &keys) else { return false };
            let Ok(claims) = decrypted.read::<ClaimsRef>() else { return false };
            let (claims, now) = (black_box(claims), now());
            claims.exp > now && claims.nbf <= now && claims.iss == ISS && claims.aud == AUD
        }))
    }
}
