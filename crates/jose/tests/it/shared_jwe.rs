//! Public test vectors for JWE, read from the folder `shared/vectors` beside the project when it is there.

use std::fs;

use probity_jose::jwe::{
    Compression, ContentEncryptionAlgorithm, Decrypted, Decrypter, DecryptionKey, DecryptionKeys,
    KeyManagementAlgorithm,
};
use probity_jose::{Error, JwkSet, SignatureAlgorithm, UnixTime, jwt};
use serde_json::Value;

use crate::shared::{cases, folder, json_file, report, vectors};

/// The valid cases of `json_web_encryption_test.json` that this library refuses.
const OVERRIDES: [(u64, Error, &str); 8] = [
    (100, Error::Rsa15, "needs RSA1_5"),
    (101, Error::Rsa15, "needs RSA1_5"),
    (102, Error::Rsa15, "needs RSA1_5"),
    (103, Error::Rsa15, "needs RSA1_5"),
    (104, Error::Rsa15, "needs RSA1_5"),
    (105, Error::Rsa15, "needs RSA1_5"),
    (112, Error::Rsa15, "needs RSA1_5"),
    (128, Error::Rsa15, "needs RSA1_5 (RFC 7520 section 5.1)"),
];

/// A decrypter that accepts whatever can be decrypted.
fn decrypter() -> Decrypter {
    let (algorithms, encryptions) = (KeyManagementAlgorithm::ALL, ContentEncryptionAlgorithm::ALL);
    let mut decrypter = Decrypter::new(algorithms.iter().copied(), encryptions.iter().copied());
    decrypter.compression = Compression::Accepted;
    decrypter
}

#[test]
fn wycheproof_encryption() {
    let Some(file) = json_file("wycheproof/json_web_encryption_test.json") else { return };
    let mut ran = 0;
    for (group, test) in cases(&file) {
        let id = test["tcId"].as_u64().unwrap();
        let override_ = OVERRIDES.iter().find(|(case, ..)| *case == id).map(|(_, error, _)| *error);
        let token = test["jwe"].as_str().map_or_else(|| test["jwe"].to_string(), str::to_owned);
        let keys = DecryptionKeys::from_jwk(group["private"].to_string().as_bytes());
        let outcome = keys.and_then(|keys| decrypter().decrypt(&token, &keys)).map(Decrypted::into_content);
        match override_ {
            Some(error) => assert_eq!(outcome, Err(error), "case {id}"),
            None if test["result"] == "valid" => {
                assert_eq!(outcome, Ok(hex(test["pt"].as_str().unwrap())), "case {id} {}", test["comment"]);
            }
            None => assert!(outcome.is_err(), "case {id} {}", test["comment"]),
        }
        ran += 1;
    }
    assert_eq!(ran, 139);
    report("Wycheproof json_web_encryption_test", ran);
}

#[test]
fn cookbook_encryption() {
    let (mut ran, mut refused) = (0, 0);
    let files = folder("cookbook/jwe").into_iter().chain([vectors().join("cookbook/curve25519/ecdh-es.json")]);
    for path in files {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let file: Value = serde_json::from_str(&text).unwrap();
        let expected = file["input"]["plaintext"].as_str().unwrap().as_bytes();
        for form in ["compact", "json", "json_flat"] {
            let Some(output) = file["output"].get(form) else { continue };
            for keys in keys_of(&file) {
                let outcome = match (keys, output.as_str()) {
                    (Err(error), _) => Err(error),
                    (Ok(keys), Some(token)) => decrypter().decrypt(token, &keys),
                    (Ok(keys), None) => decrypter().decrypt_json(output.to_string().as_bytes(), &keys),
                };
                match outcome {
                    Ok(decrypted) => {
                        assert_eq!(decrypted.content(), expected, "{} {form}", path.display());
                        let aad = file["input"].get("aad").and_then(Value::as_str).map(str::as_bytes);
                        assert_eq!(decrypted.additional_data(), aad);
                    }
                    // RFC 7520 section 5.1 in three forms, and the first recipient of section 5.13.
                    Err(error) => {
                        assert!(text.contains("RSA1_5"), "{} {form}: {error}", path.display());
                        refused += 1;
                    }
                }
                ran += 1;
            }
        }
    }
    assert_eq!((ran, refused), if ran == 0 { (0, 0) } else { (39, 4) });
    report("cookbook/jwe", ran);
}

/// The recipients' keys of a cookbook file, or a password.
fn keys_of(file: &Value) -> Vec<Result<DecryptionKeys, Error>> {
    let input = &file["input"];
    if let Some(password) = input.get("pwd") {
        let algorithm = input["alg"].as_str().unwrap().parse().unwrap();
        return vec![DecryptionKey::from_password(algorithm, password.as_str().unwrap()).map(DecryptionKeys::from)];
    }
    let from_jwk = |jwk: &Value| DecryptionKeys::from_jwk(jwk.to_string().as_bytes());
    match &input["key"] {
        Value::Array(keys) => keys.iter().map(from_jwk).collect(),
        key => vec![from_jwk(key)],
    }
}

#[test]
fn cookbook_nesting() {
    let Some(file) = json_file("cookbook/6.nesting_signatures_and_encryption.json") else { return };
    let keys = JwkSet::from_jwk(file["sign"]["input"]["key"].to_string().as_bytes()).unwrap();
    let recipient = DecryptionKeys::from_jwk(file["encrypt"]["input"]["key"].to_string().as_bytes()).unwrap();
    let text = file["encrypt"]["output"]["compact"].as_str().unwrap();
    let verifier = jwt::Verifier::custom(jwt::TokenType::Untyped)
        .issuer("hobbiton.example")
        .danger_accept_any_audience()
        .algorithms([SignatureAlgorithm::Ps256]);
    let nested = jwt::Nested::new(decrypter(), verifier);
    let before = UnixTime::from_secs(1_300_819_379);
    let token = nested.verify::<Value>(text, &recipient, &keys, before).unwrap();
    assert_eq!(token.claims()["http://example.com/is_root"], true);
    let after = UnixTime::from_secs(1_300_819_380);
    assert_eq!(nested.verify::<Value>(text, &recipient, &keys, after).unwrap_err(), Error::Expired);
    report("cookbook/6", 2);
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
