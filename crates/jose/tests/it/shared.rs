//! Public test vectors, read from the folder `shared/vectors` beside the project when it is there.
//!
//! They are not part of the project. Where a file's verdict is not that of a strict verifier, the override stands here
//! with its reason.

use std::fs;
use std::path::{Path, PathBuf};

use probity_jose::jwk::Jwk;
use probity_jose::{Error, JwkSet, SignatureAlgorithm, SigningKey, VerifyingKey, base64url, jws, jwt};
use serde_json::{Map, Value, json};

/// The verdicts of `json_web_signature_test.json` that are wrong for a strict verifier.
const SIGNATURE_OVERRIDES: [(u64, bool, &str); 8] = [
    (346, false, "the JWK says PS256 and the header PS384"),
    (347, false, "the JWK's alg is ES521, which does not exist"),
    (350, false, "the JWK says PS256 and the header PS384"),
    (351, false, "the JWK's alg is ES521, which does not exist"),
    (367, true, "byte for byte the same as case 357, which is valid"),
    (370, true, "byte for byte the same as case 357, which is valid"),
    (372, false, "a question mark in the header is no base64url"),
    (373, false, "a question mark in the payload is no base64url"),
];

/// The cookbook's documents that a strict verifier refuses.
const COOKBOOK_OVERRIDES: [(&str, Error, &str); 1] = [(
    "4.2.hmac-sha2_b64_false.json",
    Error::B64Malformed,
    "the encoded header has b64 without crit, which RFC 7797 section 6 forbids",
)];

#[test]
fn wycheproof_signatures() {
    let Some(file) = json_file("wycheproof/json_web_signature_test.json") else { return };
    let mut ran = 0;
    for (group, test) in cases(&file) {
        let id = test["tcId"].as_u64().unwrap();
        let stated = test["result"] == "valid";
        let expected = SIGNATURE_OVERRIDES.iter().find(|(case, ..)| *case == id).map_or(stated, |(_, valid, _)| *valid);
        let outcome = verify_with_group(group, test);
        assert_eq!(outcome.is_ok(), expected, "case {id} {}: {outcome:?}", test["comment"]);
        ran += 1;
    }
    report("Wycheproof json_web_signature_test", ran);
}

#[test]
fn wycheproof_keys() {
    for (name, count) in [("json_web_key_test", 26), ("json_web_crypto_test", 49)] {
        let Some(file) = json_file(&format!("wycheproof/{name}.json")) else { return };
        let mut ran = 0;
        for (group, test) in cases(&file).into_iter().filter(|(_, test)| test.get("jws").is_some()) {
            let outcome = verify_with_group(group, test);
            assert_eq!(outcome.is_ok(), test["result"] == "valid", "{name} case {}: {outcome:?}", test["tcId"]);
            ran += 1;
        }
        assert_eq!(ran, count);
        report(name, ran);
    }
}

#[test]
fn wycheproof_ml_dsa() {
    for (size, algorithm) in
        [(44, SignatureAlgorithm::MlDsa44), (65, SignatureAlgorithm::MlDsa65), (87, SignatureAlgorithm::MlDsa87)]
    {
        let name = format!("mldsa_{size}_verify_test");
        let Some(file) = json_file(&format!("wycheproof/{name}.json")) else { return };
        let mut ran = 0;
        for (group, test) in cases(&file) {
            // JOSE signs with the empty context only (RFC 9964).
            if test.get("ctx").is_some_and(|context| context != "") {
                continue;
            }
            let jwk = json!({"kty": "AKP", "alg": algorithm.name(), "pub": hex(&group["publicKey"])});
            let decode = |member| base64url::decode(&hex(&test[member])).unwrap();
            let outcome = VerifyingKey::from_jwk(jwk.to_string().as_bytes(), algorithm)
                .and_then(|key| key.verify(&decode("msg"), &decode("sig")));
            assert_eq!(outcome.is_ok(), test["result"] == "valid", "{name} case {}", test["tcId"]);
            ran += 1;
        }
        report(&name, ran);
    }
}

#[test]
fn wycheproof_x25519_keys_are_read_unless_they_are_of_small_order() {
    let Some(file) = json_file("wycheproof/x25519_jwk_test.json") else { return };
    let mut ran = 0;
    for (_, test) in cases(&file) {
        let read = |half: &str| Jwk::parse(test[half].to_string().as_bytes()).map(|_| ());
        let flags = test["flags"].to_string();
        let expected = match test["result"].as_str().unwrap() {
            _ if flags.contains("ZeroSharedSecret") => Err(Error::PointSmallOrder),
            // Good keys of other types and broken ones. The first agree with nothing, the second can't be read.
            "invalid" => continue,
            _ => Ok(()),
        };
        assert_eq!(read("public"), expected, "case {}", test["tcId"]);
        assert_eq!(read("private"), Ok(()), "case {}", test["tcId"]);
        ran += 1;
    }
    report("x25519_jwk_test", ran);
}

#[test]
fn cookbook_signatures() {
    let mut ran = 0;
    for path in folder("cookbook/jws")
        .into_iter()
        .chain(folder("cookbook/rfc7797"))
        .chain([vectors().join("cookbook/curve25519/jws.json")])
    {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let file: Value = serde_json::from_str(&text).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let override_ = COOKBOOK_OVERRIDES.iter().find(|(file, ..)| *file == name).map(|(_, error, _)| *error);
        for form in ["compact", "json", "json_flat"] {
            let Some(output) = file["output"].get(form) else { continue };
            let outcome = verify_cookbook(&file, output);
            assert_eq!(outcome, override_.map_or(Ok(()), Err), "{name} {form}");
            ran += 1;
        }
        if override_.is_none() {
            resign(&file);
        }
    }
    report("cookbook", ran);
}

/// Verifies one output of a cookbook file with its keys and its payload.
fn verify_cookbook(file: &Value, output: &Value) -> Result<(), Error> {
    let payload = file["input"]["payload"].as_str().unwrap().as_bytes();
    let keys = match &file["input"]["key"] {
        // The cookbook signs with two public keys and a secret: no set may mix them, so each signature gets its own.
        Value::Array(keys) => keys.iter().map(|key| JwkSet::from_jwk(key.to_string().as_bytes()).unwrap()).collect(),
        key => vec![JwkSet::from_jwk(key.to_string().as_bytes())?],
    };
    let verifier = jws::Verifier::new(SignatureAlgorithm::ALL.iter().copied());
    let mut count = 0;
    for keys in &keys {
        let content = if let Some(token) = output.as_str() {
            if token.contains("..") {
                verifier.verify_detached(token, payload, keys).map(|_| payload.to_vec())
            } else {
                verifier.verify(token, keys).map(jws::Verified::into_payload)
            }
        } else {
            let document = output.to_string();
            let outcome = if output.get("payload").is_some() {
                verifier.verify_json(document.as_bytes(), keys, jws::Required::ANY)
            } else {
                verifier.verify_json_detached(document.as_bytes(), payload, keys, jws::Required::ANY)
            };
            outcome.map(|document| {
                count += document.verified().count();
                document.into_payload()
            })
        }?;
        assert_eq!(content, payload);
    }
    assert!(output.is_string() || count == keys.len());
    Ok(())
}

/// Makes the cookbook's signature anew, where it can be made twice.
fn resign(file: &Value) {
    let deterministic = ["HS256", "RS256", "EdDSA"];
    let (Some(protected), Some(expected)) =
        (file["signing"]["protected_b64u"].as_str(), file["signing"]["sig"].as_str())
    else {
        return;
    };
    let algorithm = file["input"]["alg"].as_str().unwrap();
    let input = file["signing"]["sig-input"].as_str().unwrap();
    if !deterministic.contains(&algorithm) || !input.starts_with(protected) {
        return;
    }
    let jwk = file["input"]["key"].to_string();
    let key = SigningKey::from_jwk_for(jwk.as_bytes(), algorithm.parse().unwrap()).unwrap();
    assert_eq!(base64url::encode(&key.sign(input.as_bytes()).unwrap()), expected);
}

#[test]
fn cookbook_keys() {
    let mut ran = 0;
    for path in folder("cookbook/jwk") {
        let file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let jwk = file.get("key").or_else(|| file.get("jwk")).unwrap_or(&file);
        let written: Map<String, Value> =
            serde_json::from_str(&Jwk::parse(jwk.to_string().as_bytes()).unwrap().to_jwk()).unwrap();
        for (name, value) in &written {
            assert_eq!(jwk.get(name), Some(value), "{} {name}", path.display());
        }
        ran += 1;
    }
    report("cookbook/jwk", ran);
}

#[test]
fn ml_dsa_examples() {
    let mut ran = 0;
    for path in folder("ml-dsa-jose/examples/jose/examples") {
        let file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let jwk = file["jwk"].to_string();
        let key = SigningKey::from_jwk(jwk.as_bytes()).unwrap();
        assert_eq!(key.thumbprint(), file["jwk"]["kid"].as_str().unwrap());
        let keys = JwkSet::from_jwk(jwk.as_bytes()).unwrap();
        let verifier = jws::Verifier::new([key.algorithm()]);
        assert!(verifier.verify(file["jws"].as_str().unwrap(), &keys).is_ok(), "{}", path.display());
        ran += 1;
    }
    report("ml-dsa-jose", ran);
}

#[test]
fn rfc_examples() {
    let Some(file) = json_file("rfc-examples/rfc7638_8037_9449.json") else { return };
    for example in ["rfc7638_3_1", "rfc8037_A"] {
        let jwk = Jwk::parse(file[example]["jwk"].to_string().as_bytes()).unwrap();
        assert_eq!(jwk.thumbprint(), file[example]["thumbprint_sha256"].as_str().unwrap());
    }
    let keys = JwkSet::from_jwk(file["rfc8037_A"]["jwk"].to_string().as_bytes()).unwrap();
    let token = file["rfc8037_A"]["jws"].as_str().unwrap();
    assert!(jws::Verifier::new([SignatureAlgorithm::EdDsa]).verify(token, &keys).is_ok());
    let proof = file["rfc9449_token_request_proof"]["jwt"].as_str().unwrap();
    assert_eq!(jwt::Unverified::parse(proof).unwrap().header().typ(), Some("dpop+jwt"));
    report("rfc-examples", 4);
}

pub(super) fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors")
}

pub(super) fn json_file(name: &str) -> Option<Value> {
    let text = fs::read_to_string(vectors().join(name)).ok();
    if text.is_none() {
        println!("{name}: not there, nothing ran");
    }
    text.map(|text| serde_json::from_str(&text).unwrap())
}

pub(super) fn folder(name: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(vectors().join(name)) else { return Vec::new() };
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect()
}

pub(super) fn cases(file: &Value) -> Vec<(&Value, &Value)> {
    let groups = file["testGroups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["tests"].as_array().unwrap().iter().map(move |test| (group, test))).collect()
}

/// Verifies a case with its group's public key, or the private one of a secret.
fn verify_with_group(group: &Value, case: &Value) -> Result<Vec<u8>, Error> {
    let key = group.get("public").or_else(|| group.get("private")).unwrap();
    let text = key.to_string();
    let keys =
        if key.get("keys").is_some() { JwkSet::parse(text.as_bytes())? } else { JwkSet::from_jwk(text.as_bytes())? };
    let verifier = jws::Verifier::new(SignatureAlgorithm::ALL.iter().copied());
    // One case is a good JSON serialization, which a verifier of compact tokens must not take for one.
    let token = case["jws"].as_str().map_or_else(|| case["jws"].to_string(), str::to_owned);
    verifier.verify(&token, &keys).map(jws::Verified::into_payload)
}

fn hex(text: &Value) -> String {
    let digits = text.as_str().unwrap().as_bytes();
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
    base64url::encode(&bytes)
}

pub(super) fn report(name: &str, ran: usize) {
    println!("{name}: {ran} ran");
}
