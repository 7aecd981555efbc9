//! JSON serializations, detached and unencoded payloads.

use crate::fixtures;
use probity_jose::{Error, JwkSet, SignatureAlgorithm, SigningKey, base64url, jws};
use serde_json::{Value, json};

fn key(algorithm: SignatureAlgorithm, key_id: &str) -> SigningKey {
    fixtures::key(algorithm, 0).with_key_id(key_id)
}

fn set(keys: &[&SigningKey]) -> JwkSet {
    keys.iter().map(|key| key.verifying_key().unwrap()).collect()
}

fn verifier() -> jws::Verifier {
    jws::Verifier::new(SignatureAlgorithm::ALL.iter().copied())
}

fn errors(verified: &jws::VerifiedJson) -> Vec<Option<Error>> {
    verified.signatures().iter().map(|outcome| outcome.as_ref().err().copied()).collect()
}

#[test]
fn which_signatures_are_valid_is_part_of_the_result() {
    let (alice, bob) = (key(SignatureAlgorithm::Es256, "alice"), key(SignatureAlgorithm::Ed25519, "bob"));
    let stranger = key(SignatureAlgorithm::Es256, "alice");
    let document = jws::sign_general(
        b"deal",
        &[jws::NewSignature::new(&alice), jws::NewSignature::new(&bob), jws::NewSignature::new(&stranger)],
    )
    .unwrap();
    let keys = set(&[&alice, &bob]);
    let verify = |required| verifier().verify_json(document.as_bytes(), &keys, required);
    let verified = verify(jws::Required::ANY).unwrap();
    assert_eq!(verified.payload(), b"deal");
    assert_eq!(errors(&verified), [None, None, Some(Error::BadSignature)]);
    assert!(verify(jws::Required::AtLeast(2.try_into().unwrap())).is_ok());
    assert_eq!(verify(jws::Required::AtLeast(3.try_into().unwrap())).unwrap_err(), Error::NotAllSignatures);
    assert_eq!(verify(jws::Required::All).unwrap_err(), Error::NotAllSignatures);
}

#[test]
fn one_signature_twice_counts_once() {
    let alice = key(SignatureAlgorithm::Es256, "alice");
    let document =
        jws::sign_general(b"deal", &[jws::NewSignature::new(&alice), jws::NewSignature::new(&alice)]).unwrap();
    let two = jws::Required::AtLeast(2.try_into().unwrap());
    let outcome = verifier().verify_json(document.as_bytes(), &set(&[&alice]), two);
    assert_eq!(outcome.unwrap_err(), Error::NotAllSignatures);
}

#[test]
fn malformed_documents_are_refused() {
    let alice = key(SignatureAlgorithm::Ed25519, "alice");
    let keys = set(&[&alice]);
    let good: Value =
        serde_json::from_str(&jws::sign_flattened(b"deal", &jws::NewSignature::new(&alice)).unwrap()).unwrap();
    let refusal = |document: &Value| {
        verifier().verify_json(document.to_string().as_bytes(), &keys, jws::Required::ANY).map(|_| ()).unwrap_err()
    };
    let entry = json!({"protected": good["protected"], "signature": good["signature"]});
    let with = |name: &str, value: Value| {
        let mut document = good.clone();
        document[name] = value;
        document
    };
    for (document, expected) in [
        (json!([]), Error::NotJsonSerialization),
        (json!("x"), Error::NotJsonSerialization),
        (json!({}), Error::NotJsonSerialization),
        (json!({"payload": "", "signatures": []}), Error::NoSignatures),
        (json!({"payload": "", "signatures": {}}), Error::NotJsonSerialization),
        (json!({"payload": "", "signatures": [1]}), Error::NotJsonSerialization),
        (json!({"payload": "", "signatures": vec![&entry; 17]}), Error::TooManySignatures),
        (with("signatures", json!([entry])), Error::NotJsonSerialization),
        (with("payload", json!(1)), Error::NotJsonSerialization),
        (with("signature", json!(null)), Error::NotJsonSerialization),
        (with("protected", json!({})), Error::NotJsonSerialization),
        (with("header", json!("x")), Error::NotJsonSerialization),
        (with("header", json!({"kid": "alice"})), Error::HeaderOverlap),
        (with("header", json!({"alg": "Ed25519"})), Error::HeaderOverlap),
        (with("header", json!({"crit": ["x"], "x": 1})), Error::HeaderUnprotected),
        (with("header", json!({"b64": false})), Error::HeaderUnprotected),
        (json!({"protected": good["protected"], "signature": good["signature"]}), Error::PayloadPresence),
        (with("payload", json!("ZGVhbA==")), Error::Base64Url),
        (with("payload", json!("ZGVhbB")), Error::Base64Url),
        (with("payload", json!("ZGVhbQ")), Error::BadSignature),
    ] {
        assert_eq!(refusal(&document), expected, "{document}");
    }
    let unknown = with("more", json!({"anything": [1]}));
    assert!(verifier().verify_json(unknown.to_string().as_bytes(), &keys, jws::Required::ANY).is_ok());
    let twice = good.to_string().replacen('{', "{\"payload\":\"\",", 1);
    let outcome = verifier().verify_json(twice.as_bytes(), &keys, jws::Required::ANY);
    assert_eq!(outcome.unwrap_err(), Error::JsonDuplicateName);
}

#[test]
fn an_unprotected_algorithm_is_accepted_only_from_a_key_that_names_it() {
    let secret = SigningKey::from_secret(SignatureAlgorithm::Hs256, &[7; 64]).unwrap();
    let payload = base64url::encode(b"deal");
    let signature = base64url::encode(&secret.sign(format!(".{payload}").as_bytes()).unwrap());
    let document = json!({"payload": payload, "header": {"alg": "HS256"}, "signature": signature}).to_string();
    let jwk = |alg: &str| format!(r#"{{"kty":"oct","k":"{}"{alg}}}"#, base64url::encode(&[7; 64]));
    let verify = |jwk: String| {
        let keys = JwkSet::from_jwk(jwk.as_bytes()).unwrap();
        verifier().verify_json(document.as_bytes(), &keys, jws::Required::All).map(|_| ())
    };
    assert_eq!(verify(jwk(r#","alg":"HS256""#)), Ok(()));
    // The same secret fits HS384 and HS512 too.
    assert_eq!(verify(jwk("")), Err(Error::HeaderUnprotected));
    assert_eq!(verify(jwk(r#","alg":"HS512""#)), Err(Error::KeyAlgorithmMismatch));
}

#[test]
fn signatures_must_agree_about_the_form_of_the_payload() {
    let alice = key(SignatureAlgorithm::Ed25519, "alice");
    let plain = jws::NewHeader::from_json(br#"{"b64":false,"crit":["b64"]}"#).unwrap();
    let unencoded = jws::NewSignature { protected: plain, ..jws::NewSignature::new(&alice) };
    let encoded = jws::NewSignature::new(&alice);
    assert_eq!(jws::sign_general(b"x", &[encoded.clone(), unencoded.clone()]), Err(Error::HeaderContradiction));
    let parse = |text: String| -> Value { serde_json::from_str(&text).unwrap() };
    let one = parse(jws::sign_flattened(b"x", &unencoded).unwrap());
    let other = parse(jws::sign_flattened(b"x", &encoded).unwrap());
    let keys = set(&[&alice]);
    let mixed = json!({"payload": "x", "signatures": [one, other]}).to_string();
    let outcome = verifier().verify_json(mixed.as_bytes(), &keys, jws::Required::ANY);
    assert_eq!(outcome.unwrap_err(), Error::B64Malformed);
    let good = verifier().verify_json(one.to_string().as_bytes(), &keys, jws::Required::All).unwrap();
    assert_eq!(good.payload(), b"x");
}

#[test]
fn unencoded_payloads_in_compact_form_are_printable_and_without_dots() {
    let alice = key(SignatureAlgorithm::Ed25519, "alice");
    let plain = jws::NewHeader::from_json(br#"{"b64":false,"crit":["b64"]}"#).unwrap();
    let keys = set(&[&alice]);
    let token = jws::sign(&plain, b"$02 and more", &alice).unwrap();
    assert_eq!(verifier().verify(&token, &keys).unwrap().payload(), b"$02 and more");
    for payload in [&b"$.02"[..], b"a\nb", b"\xff", "\u{e9}".as_bytes()] {
        assert_eq!(jws::sign(&plain, payload, &alice), Err(Error::PayloadNotCompact));
        let detached = jws::sign_detached(&plain, payload, &alice).unwrap();
        assert!(verifier().verify_detached(&detached, payload, &keys).is_ok());
        if let Ok(text) = std::str::from_utf8(payload) {
            let attached = detached.replacen("..", &format!(".{text}."), 1);
            assert_eq!(verifier().verify(&attached, &keys).unwrap_err(), Error::NotCompact, "{text:?}");
        }
    }
}

#[test]
fn detached_content_verifies_at_once_and_in_pieces() {
    let content: Vec<u8> = (0..10_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    for algorithm in SignatureAlgorithm::ALL {
        let key = key(*algorithm, "k");
        let keys = set(&[&key]);
        for header in ["{}", r#"{"b64":false,"crit":["b64"]}"#] {
            let header = jws::NewHeader::from_json(header.as_bytes()).unwrap();
            let token = jws::sign_detached(&header, &content, &key).unwrap();
            assert!(verifier().verify_detached(&token, &content, &keys).is_ok(), "{algorithm}");
            assert_eq!(verifier().verify_detached(&token, &content[1..], &keys).unwrap_err(), Error::BadSignature);
            for size in [1, 2, 3, 1000, 8192] {
                let outcome = stream(&token, &content, size, &keys);
                let streamable = !matches!(
                    algorithm,
                    SignatureAlgorithm::EdDsa
                        | SignatureAlgorithm::Ed25519
                        | SignatureAlgorithm::MlDsa44
                        | SignatureAlgorithm::MlDsa65
                        | SignatureAlgorithm::MlDsa87
                );
                let expected = if streamable { Ok(()) } else { Err(Error::NotStreamable) };
                assert_eq!(outcome, expected, "{algorithm} {size}");
                if streamable {
                    assert_eq!(
                        stream(&token, &content[1..], size, &keys),
                        Err(Error::BadSignature),
                        "{algorithm} {size}"
                    );
                }
            }
        }
    }
}

fn stream(token: &str, content: &[u8], size: usize, keys: &JwkSet) -> Result<(), Error> {
    let mut stream = verifier().begin_detached(token, keys)?;
    for piece in content.chunks(size) {
        stream.update(piece);
    }
    stream.finish().map(|_| ())
}

#[test]
fn a_token_with_a_payload_is_not_detached() {
    let alice = key(SignatureAlgorithm::Es256, "alice");
    let keys = set(&[&alice]);
    let token = jws::sign(&jws::NewHeader::default(), b"x", &alice).unwrap();
    assert_eq!(verifier().verify_detached(&token, b"x", &keys).unwrap_err(), Error::PayloadPresence);
    assert_eq!(verifier().begin_detached(&token, &keys).unwrap_err(), Error::PayloadPresence);
    let document = jws::sign_flattened(b"x", &jws::NewSignature::new(&alice)).unwrap();
    let outcome = verifier().verify_json_detached(document.as_bytes(), b"x", &keys, jws::Required::ANY);
    assert_eq!(outcome.unwrap_err(), Error::PayloadPresence);
}

#[test]
fn the_right_key_is_found_among_several_for_a_stream() {
    for algorithm in [SignatureAlgorithm::Hs256, SignatureAlgorithm::Es256, SignatureAlgorithm::Rs256] {
        let keys: Vec<_> = (0..3).map(|number| fixtures::key(algorithm, number)).collect();
        let set: JwkSet = keys.iter().map(|key| key.verifying_key().unwrap()).collect();
        for key in &keys {
            let token = jws::sign_detached(&jws::NewHeader::default(), b"content", key).unwrap();
            let mut stream = verifier().begin_detached(&token, &set).unwrap();
            stream.update(b"content");
            assert_eq!(stream.finish().unwrap().key().thumbprint(), key.thumbprint());
        }
    }
}
