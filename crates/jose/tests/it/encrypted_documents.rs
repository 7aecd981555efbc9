//! JWE in JSON serialization, and nested tokens.

use probity_jose::jwe::{
    self, ContentEncryptionAlgorithm, Decrypter, DecryptionKey, DecryptionKeys, EncryptionKey, KeyManagementAlgorithm,
};
use probity_jose::{Error, JwkSet, SignatureAlgorithm, SigningKey, UnixTime, jwt};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const GCM: ContentEncryptionAlgorithm = ContentEncryptionAlgorithm::A256Gcm;

/// A key for each algorithm but those of RSA, which take long to make.
fn keys() -> Vec<DecryptionKey> {
    let quick = KeyManagementAlgorithm::ALL.iter().filter(|algorithm| !algorithm.name().starts_with("RSA"));
    let make = |algorithm: &KeyManagementAlgorithm| match algorithm.name() {
        "dir" => DecryptionKey::generate_direct(GCM).unwrap(),
        name if name.starts_with("PBES2") => DecryptionKey::from_password(*algorithm, "password").unwrap(),
        name => DecryptionKey::generate(*algorithm).unwrap().with_key_id(name),
    };
    quick.map(make).collect()
}

fn decrypter() -> Decrypter {
    Decrypter::new(KeyManagementAlgorithm::ALL.iter().copied(), ContentEncryptionAlgorithm::ALL.iter().copied())
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => panic!("an object"),
    }
}

/// A recipient whose password takes few rounds.
fn recipient(key: &EncryptionKey) -> jwe::NewRecipient<'_> {
    let unprotected =
        object(if key.algorithm().name().starts_with("PBES2") { json!({"p2c": 1000}) } else { json!({}) });
    jwe::NewRecipient { unprotected, key }
}

#[test]
fn a_general_document_decrypts_for_its_recipient() {
    let document = jwe::NewDocument {
        protected: jwe::NewHeader::with_content_type("text"),
        unprotected: object(json!({"jku": "https://example"})),
        additional_data: Some(b"public".to_vec()),
    };
    for key in keys() {
        let public = key.encryption_key().unwrap();
        let json = jwe::encrypt_general(&document, GCM, b"content", &[recipient(&public)]).unwrap();
        let decrypted = decrypter().decrypt_json(json.as_bytes(), &key.into()).unwrap();
        assert_eq!(decrypted.content(), b"content");
        assert_eq!(decrypted.additional_data(), Some(&b"public"[..]));
        assert_eq!(decrypted.header().content_type(), Some("text"));
        assert_eq!(decrypted.header().shared_unprotected(), r#"{"jku":"https://example"}"#);
    }
}

#[test]
fn a_flattened_document_protects_its_algorithms() {
    for key in keys() {
        let public = key.encryption_key().unwrap();
        let header = if public.algorithm().name().starts_with("PBES2") { r#"{"p2c":1000}"# } else { "{}" };
        let protected = jwe::NewHeader::from_json(header.as_bytes()).unwrap();
        let document = jwe::NewDocument { protected, ..jwe::NewDocument::default() };
        let json = jwe::encrypt_flattened(&document, GCM, b"content", &jwe::NewRecipient::new(&public)).unwrap();
        let members: Value = serde_json::from_str(&json).unwrap();
        assert!(members.get("header").is_none() && members.get("unprotected").is_none());
        let decrypted = decrypter().decrypt_json(json.as_bytes(), &key.into()).unwrap();
        assert_eq!(decrypted.content(), b"content");
        assert!(decrypted.header().protected().contains("\"alg\""));
        assert_eq!(decrypted.additional_data(), None);
    }
}

#[test]
fn each_of_several_recipients_can_decrypt() {
    let direct = [KeyManagementAlgorithm::Dir, KeyManagementAlgorithm::EcdhEs];
    let keys: Vec<_> = keys().into_iter().filter(|key| !direct.contains(&key.algorithm())).collect();
    let public: Vec<_> = keys.iter().map(|key| key.encryption_key().unwrap()).collect();
    let recipients: Vec<_> = public.iter().map(recipient).collect();
    let json = jwe::encrypt_general(&jwe::NewDocument::default(), GCM, b"content", &recipients).unwrap();
    for (number, key) in keys.into_iter().enumerate() {
        let decrypted = decrypter().decrypt_json(json.as_bytes(), &key.into()).unwrap();
        assert_eq!(decrypted.content(), b"content");
        assert_eq!(decrypted.recipient(), number);
    }
}

#[test]
fn a_key_that_others_would_learn_has_no_other_recipients() {
    let wrapped = DecryptionKey::generate(KeyManagementAlgorithm::A256Kw).unwrap().encryption_key().unwrap();
    let shared = DecryptionKey::generate_direct(GCM).unwrap().encryption_key().unwrap();
    let agreed = DecryptionKey::generate(KeyManagementAlgorithm::EcdhEs).unwrap().encryption_key().unwrap();
    let document = jwe::NewDocument::default();
    for direct in [&shared, &agreed] {
        for recipients in [[&wrapped, direct], [direct, &wrapped]] {
            let recipients = recipients.map(jwe::NewRecipient::new);
            let outcome = jwe::encrypt_general(&document, GCM, b"content", &recipients);
            assert_eq!(outcome, Err(Error::HeaderContradiction));
        }
    }
    assert_eq!(jwe::encrypt_general(&document, GCM, b"content", &[]), Err(Error::NoRecipients));
    let many = vec![jwe::NewRecipient::new(&wrapped); 17];
    assert_eq!(jwe::encrypt_general(&document, GCM, b"content", &many), Err(Error::TooManyRecipients));
}

#[test]
fn a_document_that_nobody_would_read_is_never_made() {
    let key = DecryptionKey::generate(KeyManagementAlgorithm::A256Kw).unwrap().encryption_key().unwrap();
    let own = |members| jwe::NewRecipient { unprotected: object(members), key: &key };
    let shared = |members| jwe::NewDocument { unprotected: object(members), ..jwe::NewDocument::default() };
    let plain = jwe::NewDocument::default();
    let make = |document: &jwe::NewDocument, recipient: jwe::NewRecipient<'_>| {
        let flat = jwe::encrypt_flattened(document, GCM, b"content", &recipient).map(|_| ());
        let general = jwe::encrypt_general(document, GCM, b"content", &[recipient]).map(|_| ());
        assert_eq!(flat, general);
        flat
    };
    let new = || jwe::NewRecipient::new(&key);
    assert_eq!(make(&plain, new()), Ok(()));
    assert_eq!(make(&shared(json!({"enc": "A256GCM"})), new()), Err(Error::JweHeaderOverlap));
    assert_eq!(make(&shared(json!({"alg": "A256KW"})), new()), Err(Error::JweHeaderOverlap));
    assert_eq!(make(&shared(json!({"zip": "DEF"})), new()), Err(Error::JweHeaderUnprotected));
    assert_eq!(make(&shared(json!({"x": 1})), own(json!({"x": 1}))), Err(Error::JweHeaderOverlap));
    assert_eq!(make(&plain, own(json!({"enc": "A256GCM"}))), Err(Error::JweHeaderOverlap));
    assert_eq!(make(&plain, own(json!({"crit": ["x"], "x": 1}))), Err(Error::JweHeaderUnprotected));
    assert_eq!(make(&plain, own(json!({"epk": {}}))), Err(Error::HeaderContradiction));
}

#[test]
fn nothing_is_encrypted_with_a_key_for_something_else() {
    let jwk = |changes: Value| {
        let mut jwk = json!({"kty": "oct", "k": "GawgguFyGrWKav7AX4VKUg"});
        jwk.as_object_mut().unwrap().extend(object(changes));
        EncryptionKey::from_jwk(jwk.to_string().as_bytes(), KeyManagementAlgorithm::A128Kw).map(|_| ())
    };
    assert_eq!(jwk(json!({})), Ok(()));
    let as_direct = |text: &str| DecryptionKey::from_jwk(text.as_bytes(), KeyManagementAlgorithm::Dir).map(|_| ());
    let wraps = r#"{"kty":"oct","k":"GawgguFyGrWKav7AX4VKUg","alg":"A128KW"}"#;
    assert_eq!(as_direct(wraps), Err(Error::KeyAlgorithm));
    assert_eq!(as_direct(r#"{"kty":"oct","k":"AAAA"}"#), Err(Error::SecretLength));
    assert_eq!(jwk(json!({"alg": "A128KW", "use": "enc", "key_ops": ["wrapKey"]})), Ok(()));
    assert_eq!(jwk(json!({"key_ops": ["encrypt", "decrypt"]})), Ok(()));
    for (changes, error) in [
        (json!({"use": "sig"}), Error::KeyUse),
        (json!({"key_ops": ["unwrapKey"]}), Error::KeyUse),
        (json!({"key_ops": ["decrypt"]}), Error::KeyUse),
        (json!({"key_ops": ["sign"]}), Error::KeyUse),
        (json!({"alg": "A128GCMKW"}), Error::KeyAlgorithm),
        (json!({"alg": "HS256"}), Error::KeyAlgorithm),
        (json!({"alg": "RSA1_5"}), Error::Rsa15),
        (json!({"k": "AAAA"}), Error::SecretLength),
    ] {
        assert_eq!(jwk(changes.clone()), Err(error), "{changes}");
    }
}

#[test]
fn a_nested_token_is_made_and_verified_in_one_step_each() {
    let issuer = SigningKey::generate(SignatureAlgorithm::Ed25519).unwrap();
    let recipient = DecryptionKey::generate(KeyManagementAlgorithm::EcdhEsA128Kw).unwrap();
    let claims = json!({"iss": "https://as.example", "aud": "api", "exp": 2000, "sub": "alice"});
    let public = recipient.encryption_key().unwrap();
    let token = jwt::sign_then_encrypt("at+jwt", &claims, &issuer, GCM, &public).unwrap();
    let verifier = jwt::Verifier::custom(jwt::TokenType::Exactly("at+jwt".into()))
        .issuer("https://as.example")
        .audience("api")
        .algorithms([SignatureAlgorithm::Ed25519]);
    let nested = jwt::Nested::new(Decrypter::new([recipient.algorithm()], [GCM]), verifier);
    let verify = |now| {
        let (recipient, issuer) = (recipient.clone().into(), JwkSet::from(issuer.verifying_key().unwrap()));
        nested.verify::<Value>(&token, &recipient, &issuer, UnixTime::from_secs(now))
    };
    assert_eq!(verify(1999).unwrap().claims(), &claims);
    assert_eq!(verify(2000).unwrap_err(), Error::Expired);
}

#[test]
fn decrypted_claims_are_read_without_becoming_verified() {
    let key = DecryptionKey::generate_direct(GCM).unwrap();
    let encrypt = |content: &[u8]| {
        jwe::encrypt(&jwe::NewHeader::default(), GCM, content, &key.encryption_key().unwrap()).unwrap()
    };
    let read = |content: &[u8]| {
        let decrypted = decrypter().decrypt(&encrypt(content), &key.clone().into()).unwrap();
        decrypted.deserialize::<Map<String, Value>>().map(jwe::Decrypted::into_content)
    };
    assert_eq!(read(br#"{"sub":"alice"}"#).unwrap()["sub"], "alice");
    assert_eq!(read(br#"{"sub":"alice","sub":"bob"}"#), Err(Error::JsonDuplicateName));
    assert_eq!(read(b"[]"), Err(Error::ClaimsMismatch));
}

proptest! {
    #[test]
    fn no_text_makes_a_decrypter_panic(text in "[A-Za-z0-9_.={}\":-]{0,200}", bytes: Vec<u8>) {
        let keys: DecryptionKeys = DecryptionKey::from_secret(KeyManagementAlgorithm::A128Kw, &[1; 16]).unwrap().into();
        prop_assert!(decrypter().decrypt(&text, &keys).is_err());
        prop_assert!(decrypter().decrypt_json(text.as_bytes(), &keys).is_err());
        prop_assert!(decrypter().decrypt_json(&bytes, &keys).is_err());
    }

    #[test]
    fn any_content_comes_back(content: Vec<u8>, number in 0..ContentEncryptionAlgorithm::ALL.len(), zip: bool) {
        let encryption = ContentEncryptionAlgorithm::ALL[number];
        let key = DecryptionKey::from_secret(KeyManagementAlgorithm::A192Kw, &[1; 24]).unwrap();
        let header = jwe::NewHeader::from_json(if zip { br#"{"zip":"DEF"}"# } else { b"{}" }).unwrap();
        let token = jwe::encrypt(&header, encryption, content.as_slice(), &key.encryption_key().unwrap()).unwrap();
        let mut decrypter = decrypter();
        decrypter.compression = jwe::Compression::Accepted;
        let decrypted = decrypter.decrypt(&token, &key.into()).unwrap();
        prop_assert_eq!(decrypted.content(), &content);
        prop_assert_eq!(decrypted.header().is_compressed(), zip);
    }
}
