//! The doors of encryption: `jwe`, `jwe_json` and `nested`.

use probity_jose::jwe::{
    Compression, ContentEncryptionAlgorithm, Decrypted, Decrypter, DecryptionKeys, KeyManagementAlgorithm,
};
use probity_jose::jws::UnknownKeyId;
use probity_jose::{Error, JwkSet, SignatureAlgorithm, UnixTime, base64url, jwt};
use serde_json::Value;

use super::{Case, File, expect};

/// Decrypts a JWE with a case's keys, and compares what comes out.
pub(super) fn run(file: &File, case: &Case) -> Result<(), Error> {
    let keys = keys(&file.keys[case.key.as_ref().expect("a key")])?;
    let decrypter = decrypter(case);
    let decrypt = || match (&case.jwe, &case.jwe_json) {
        (Some(token), _) => decrypter.decrypt(token, &keys),
        (None, Some(document)) => decrypter.decrypt_json(document.as_bytes(), &keys),
        (None, None) => panic!("a door"),
    };
    let first = decrypt().map(Decrypted::into_content);
    // The second time the header may be known: that must change nothing.
    let second = decrypt();
    assert_eq!(second.as_ref().map(Decrypted::content).map_err(|error| *error), first.as_ref().map_err(|error| *error));
    let found = second?;
    expect(case, case.payload.as_ref(), &base64url::encode(found.content()));
    expect(case, case.aad.as_ref(), &base64url::encode(found.additional_data().unwrap_or_default()));
    Ok(())
}

/// Verifies a nested token.
pub(super) fn run_nested(file: &File, case: &Case, token: &str) -> Result<(), Error> {
    let policy = case.policy.as_ref().expect("a policy");
    let key = &file.keys[case.key.as_ref().expect("the issuer's key")];
    let issuer = JwkSet::from_jwk(key.to_string().as_bytes())?;
    let recipient = keys(&file.keys[case.recipient.as_ref().expect("the recipient's key")])?;
    let verifier = jwt::Verifier::custom(jwt::TokenType::Exactly(policy.typ.clone().expect("a type")))
        .issuer(policy.issuer.clone().expect("an issuer"))
        .audience(policy.audience.clone().expect("an audience"))
        .algorithms(SignatureAlgorithm::ALL.iter().copied());
    let nested = jwt::Nested::new(decrypter(case), verifier);
    nested.verify::<Value>(token, &recipient, &issuer, UnixTime::from_secs(policy.now)).map(|_| ())
}

fn decrypter(case: &Case) -> Decrypter {
    let algorithms = match &case.algs {
        Some(names) => names.iter().map(|name| name.parse().expect("an alg")).collect(),
        None => KeyManagementAlgorithm::ALL.to_vec(),
    };
    let encryptions = match &case.encs {
        Some(names) => names.iter().map(|name| name.parse().expect("an enc")).collect(),
        None => ContentEncryptionAlgorithm::ALL.to_vec(),
    };
    let mut decrypter = Decrypter::new(algorithms, encryptions);
    decrypter.understood.extend(case.understood.iter().flatten().cloned());
    if case.zip == Some(true) {
        decrypter.compression = Compression::Accepted;
    }
    if case.unknown_kid == Some(true) {
        decrypter.unknown_key_id = UnknownKeyId::TryAllKeys;
    }
    decrypter
}

fn keys(key: &Value) -> Result<DecryptionKeys, Error> {
    let text = key.to_string();
    let is_set = key.get("keys").is_some();
    if is_set { DecryptionKeys::parse(text.as_bytes()) } else { DecryptionKeys::from_jwk(text.as_bytes()) }
}
