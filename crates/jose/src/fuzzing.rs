//! What the fuzz targets call: arbitrary bytes go in, and what must hold for any bytes is asserted.
//!
//! Not part of the interface. `fuzz/` runs these with a fuzzer, `tests/it/fuzz_corpus.rs` with what it has found.

use std::sync::LazyLock;

use serde_json::Value;

use crate::json::Document;
use crate::jwe::{ContentEncryptionAlgorithm, Decrypter, DecryptionKeys, KeyManagementAlgorithm};
use crate::jwk::Jwk;
use crate::{JwkSet, SignatureAlgorithm, SigningKey, UnixTime, VerifyingKey, base64url, jws, jwt};

/// The public figures of RFC 7515 appendices A.1 and A.3 and RFC 8037 appendix A.
const VERIFYING_KEYS: &str = r#"{"keys":[
    {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

const SECRET: &str =
    r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;

/// RFC 7516 appendix A.3, and RFC 7748 section 6.1 (Bob's).
const DECRYPTION_KEYS: &str = r#"{"keys":[
    {"kty":"oct","k":"GawgguFyGrWKav7AX4VKUg","alg":"A128KW"},
    {"kty":"OKP","crv":"X25519","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08","d":"XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os"}]}"#;

static KEYS: LazyLock<[JwkSet; 2]> = LazyLock::new(|| {
    [JwkSet::parse(VERIFYING_KEYS.as_bytes()), JwkSet::from_jwk(SECRET.as_bytes())].map(Result::unwrap_or_default)
});

static RECIPIENTS: LazyLock<DecryptionKeys> =
    LazyLock::new(|| DecryptionKeys::parse(DECRYPTION_KEYS.as_bytes()).unwrap_or_default());

/// What the strict reader accepts, a lenient one reads in the same way.
pub fn json(bytes: &[u8]) {
    let Ok(document) = Document::parse(bytes) else { return };
    let ours: Result<Value, _> = document.deserialize();
    let theirs: Result<Value, _> = serde_json::from_slice(bytes);
    assert!(ours.is_ok() && theirs.is_ok(), "accepted, but not readable");
    assert!(is_same(&ours.unwrap_or_default(), &theirs.unwrap_or_default()), "accepted, but not read in the same way");
}

/// The lenient reader rounds some fractions to a double beside the nearest; ours takes the nearest.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let near = |one: f64, other: f64| (one - other).abs() <= one.abs() * 1e-14;
            one == other || one.as_f64().zip(other.as_f64()).is_some_and(|(one, other)| near(one, other))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| is_same(value, other)))
        }
        _ => one == other,
    }
}

/// What is decoded has one spelling.
pub fn base64(bytes: &[u8]) {
    if let Ok(text) = core::str::from_utf8(bytes)
        && let Ok(decoded) = base64url::decode(text)
    {
        assert_eq!(base64url::encode(&decoded), text);
    }
    assert_eq!(base64url::decode(&base64url::encode(bytes)).as_deref(), Ok(bytes));
}

/// A key that can be read is written as the same key.
pub fn jwk(bytes: &[u8]) {
    let Ok(key) = Jwk::parse(bytes) else { return };
    let again = Jwk::parse(key.to_jwk().as_bytes());
    assert_eq!(again.map(|again| again.thumbprint()), Ok(key.thumbprint()));
    if let Some(public) = key.public_jwk() {
        let public = Jwk::parse(public.as_bytes());
        assert_eq!(public.map(|public| (public.thumbprint(), public.is_private())), Ok((key.thumbprint(), false)));
    }
}

/// One broken key never spoils a set.
pub fn jwk_set(bytes: &[u8]) {
    let sets = (JwkSet::parse(bytes), DecryptionKeys::parse(bytes));
    if let (Ok(verifying), Ok(_)) = sets {
        verifying.keys().iter().for_each(|key| assert!(key.thumbprint().len() == 43));
    }
}

/// PEM and DER keys that can be read are written as the same key.
pub fn der(bytes: &[u8]) {
    for algorithm in
        [SignatureAlgorithm::Rs256, SignatureAlgorithm::Es256, SignatureAlgorithm::Ed25519, SignatureAlgorithm::MlDsa44]
    {
        if let Ok(key) = VerifyingKey::from_public_der(bytes, algorithm) {
            let again = key.to_public_der().map(|der| VerifyingKey::from_public_der(&der, algorithm));
            assert!(again.is_some_and(|again| again.is_ok_and(|again| again.thumbprint() == key.thumbprint())));
        }
        if let Ok(key) = SigningKey::from_private_der(bytes, algorithm) {
            let again = key.to_private_der().map(|der| SigningKey::from_private_der(&der, algorithm));
            assert!(again.is_some_and(|again| again.is_ok_and(|again| again.thumbprint() == key.thumbprint())));
        }
        if let Ok(text) = core::str::from_utf8(bytes) {
            let _ = VerifyingKey::from_public_pem(text, algorithm);
            let _ = SigningKey::from_private_pem(text, algorithm);
        }
    }
}

/// Whatever is read as a JWS, with `b64`, `crit`, JSON and all.
pub fn jws(bytes: &[u8]) {
    let policy = jws::Verifier::new(SignatureAlgorithm::ALL.iter().copied());
    for keys in &*KEYS {
        if let Ok(text) = core::str::from_utf8(bytes) {
            if let Ok(verified) = policy.verify(text, keys) {
                // Without the last character no signature is whole.
                let shorter = text.get(..text.len() - 1).unwrap_or_default();
                assert!(policy.verify(shorter, keys).is_err());
                assert!(verified.payload().len() <= text.len());
            }
            let _ = policy.verify_detached(text, b"content", keys);
        }
        let _ = policy.verify_json(bytes, keys, jws::Required::ANY);
        let _ = policy.verify_json(bytes, keys, jws::Required::All);
    }
}

/// Whatever is read as a JWT; explaining agrees with verifying.
pub fn jwt(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let _ = jwt::Unverified::parse(text);
    let policy =
        jwt::Verifier::custom(jwt::TokenType::Unchecked).danger_accept_any_issuer().danger_accept_any_audience();
    let policy = policy.algorithms(SignatureAlgorithm::ALL.iter().copied());
    let now = UnixTime::from_secs(1_300_819_379);
    for keys in &*KEYS {
        let verdict = policy.verify::<Value>(text, keys, now);
        assert_eq!(policy.explain(text, keys, now).outcome(), verdict.map(drop));
    }
}

/// Whatever is read as a JWE.
pub fn jwe(bytes: &[u8]) {
    let algorithms = KeyManagementAlgorithm::ALL.iter().copied().filter(|alg| !alg.name().starts_with("PBES2"));
    let decrypter = Decrypter::new(algorithms, ContentEncryptionAlgorithm::ALL.iter().copied());
    if let Ok(text) = core::str::from_utf8(bytes) {
        let _ = decrypter.decrypt(text, &RECIPIENTS);
    }
    let _ = decrypter.decrypt_json(bytes, &RECIPIENTS);
}
