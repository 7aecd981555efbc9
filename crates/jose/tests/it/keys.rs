//! Keys and key sets.

use crate::fixtures;
use probity_jose::jwk::{Jwk, SkippedKey};
use probity_jose::{Error, JwkSet, SignatureAlgorithm, SigningKey, VerifyingKey, jws};

#[test]
fn a_private_key_survives_each_of_its_forms() {
    for algorithm in SignatureAlgorithm::ALL {
        let key = fixtures::key(*algorithm, 0).with_key_id("k \"1\"");
        let jwk = key.to_jwk();
        let back = SigningKey::from_jwk(jwk.as_bytes()).unwrap();
        assert_eq!(*back.to_jwk(), *jwk, "{algorithm}");
        assert_eq!(back.key_id(), Some("k \"1\""));
        if let Some(der) = key.to_private_der() {
            let back = SigningKey::from_private_der(&der, *algorithm).unwrap();
            assert_eq!(back.with_key_id("k \"1\"").to_jwk(), jwk, "{algorithm}");
            let pem = key.to_private_pem().unwrap();
            let back = SigningKey::from_private_pem(&pem, *algorithm).unwrap();
            assert_eq!(back.with_key_id("k \"1\"").to_jwk(), jwk, "{algorithm}");
        } else {
            assert!(algorithm.is_symmetric());
        }
    }
}

#[test]
fn a_public_key_survives_each_of_its_forms_and_holds_nothing_private() {
    for algorithm in SignatureAlgorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let key = fixtures::key(*algorithm, 0).with_key_id("k1");
        let jwk = key.public_jwk().unwrap();
        assert!(!Jwk::parse(jwk.as_bytes()).unwrap().is_private(), "{algorithm}");
        let public = VerifyingKey::from_jwk(jwk.as_bytes(), *algorithm).unwrap();
        assert_eq!(public.to_jwk().as_ref(), Some(&jwk));
        let der = VerifyingKey::from_public_der(&public.to_public_der().unwrap(), *algorithm).unwrap();
        let pem = VerifyingKey::from_public_pem(&public.to_public_pem().unwrap(), *algorithm).unwrap();
        for other in [der, pem] {
            assert_eq!(other.thumbprint(), key.thumbprint(), "{algorithm}");
        }
    }
}

#[test]
fn nothing_private_is_printed() {
    for algorithm in SignatureAlgorithm::ALL {
        let key = fixtures::key(*algorithm, 0).with_key_id("k1");
        let jwk: serde_json::Value = serde_json::from_str(&key.to_jwk()).unwrap();
        let printed = format!("{key:?} {:?} {:?}", Jwk::parse(key.to_jwk().as_bytes()).unwrap(), key.verifying_key());
        for name in ["d", "p", "q", "dp", "dq", "qi", "k", "priv"] {
            if let Some(secret) = jwk.get(name).and_then(|value| value.as_str()) {
                assert!(!printed.contains(secret), "{algorithm} {name}");
            }
        }
    }
}

#[test]
fn one_broken_key_never_spoils_a_set() {
    let good = SigningKey::generate(SignatureAlgorithm::Es256).unwrap().with_key_id("good");
    let json = format!(
        r#"{{"keys":[
            {{"kty":"RSA","kid":"short","n":"AQAB","e":"AQAB"}},
            {{"kty":"NEW","kid":"new"}},
            {{"kid":"none"}},
            {},
            {{"kty":"OKP","crv":"Ed448","x":"AA","kid":"ed448"}},
            {{"kty":"OKP","crv":"X25519","x":"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","kid":"enc","use":"enc"}},
            {{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","alg":"HS256","kid":"secret"}},
            7
        ]}}"#,
        good.public_jwk().unwrap()
    );
    let set = JwkSet::parse(json.as_bytes()).unwrap();
    assert_eq!(set.keys().len(), 1);
    let skipped: Vec<_> =
        set.skipped().iter().map(|SkippedKey { key_id, reason, .. }| (key_id.as_deref(), *reason)).collect();
    assert_eq!(
        skipped,
        [
            (Some("short"), Error::RsaSize),
            (Some("new"), Error::KeyTypeUnknown),
            (Some("none"), Error::JwkMalformed),
            (Some("ed448"), Error::CurveUnknown),
            (Some("enc"), Error::KeyUse),
            (Some("secret"), Error::SecretAmongPublicKeys),
            (None, Error::JwkMalformed),
        ]
    );
    let token = jws::sign(&jws::NewHeader::default(), b"payload", &good).unwrap();
    assert!(jws::Verifier::new([SignatureAlgorithm::Es256]).verify(&token, &set).is_ok());
}

#[test]
fn an_unknown_key_identifier_falls_back_to_other_keys_only_when_asked() {
    let keys = [
        SigningKey::generate(SignatureAlgorithm::Es256).unwrap(),
        SigningKey::generate(SignatureAlgorithm::Es256).unwrap(),
    ];
    let set: JwkSet = keys.iter().zip(["a", "b"]).map(|(key, _)| key.verifying_key().unwrap()).collect();
    let [first, _] = keys;
    let token = jws::sign(&jws::NewHeader::default(), b"payload", &first.with_key_id("c")).unwrap();
    let mut verifier = jws::Verifier::new([SignatureAlgorithm::Es256]);
    assert_eq!(verifier.verify(&token, &set).unwrap_err(), Error::KeyNotFound);
    verifier.unknown_key_id = jws::UnknownKeyId::TryAllKeys;
    assert!(verifier.verify(&token, &set).is_ok());
}

#[test]
fn a_token_without_key_identifier_is_tried_against_every_fitting_key() {
    let keys: Vec<_> = (0..5).map(|_| SigningKey::generate(SignatureAlgorithm::EdDsa).unwrap()).collect();
    let set: JwkSet = keys.iter().map(|key| key.verifying_key().unwrap()).collect();
    let verifier = jws::Verifier::new([SignatureAlgorithm::EdDsa]);
    for key in &keys {
        let token = jws::sign(&jws::NewHeader::default(), b"payload", key).unwrap();
        assert_eq!(verifier.verify(&token, &set).unwrap().key().thumbprint(), key.thumbprint());
    }
    let many: JwkSet = (0..17).map(|_| keys[0].verifying_key().unwrap()).collect();
    let token = jws::sign(&jws::NewHeader::default(), b"payload", &keys[0]).unwrap();
    assert_eq!(verifier.verify(&token, &many).unwrap_err(), Error::TooManyKeys);
}

#[test]
fn two_different_keys_with_one_identifier_are_ambiguous() {
    let keys: Vec<_> =
        (0..2).map(|_| SigningKey::generate(SignatureAlgorithm::Es256).unwrap().with_key_id("k")).collect();
    let token = jws::sign(&jws::NewHeader::default(), b"payload", &keys[0]).unwrap();
    let verifier = jws::Verifier::new([SignatureAlgorithm::Es256]);
    let both: JwkSet = keys.iter().map(|key| key.verifying_key().unwrap()).collect();
    assert_eq!(verifier.verify(&token, &both).unwrap_err(), Error::KeyAmbiguous);
    let twice: JwkSet = [&keys[0], &keys[0]].iter().map(|key| key.verifying_key().unwrap()).collect();
    assert!(verifier.verify(&token, &twice).is_ok());
}

#[test]
fn a_key_without_algorithm_takes_the_tokens_if_it_fits_and_a_named_one_only_its_own() {
    let key = SigningKey::generate(SignatureAlgorithm::Ps256).unwrap();
    let mut jwk: serde_json::Value = serde_json::from_str(&key.public_jwk().unwrap()).unwrap();
    let named = JwkSet::from_jwk(jwk.to_string().as_bytes()).unwrap();
    jwk.as_object_mut().unwrap().remove("alg");
    let open = JwkSet::from_jwk(jwk.to_string().as_bytes()).unwrap();
    assert_eq!(open.keys().len(), 6);
    let token = jws::sign(&jws::NewHeader::default(), b"payload", &key).unwrap();
    let rs256 = SigningKey::from_private_der(&key.to_private_der().unwrap(), SignatureAlgorithm::Rs256).unwrap();
    let other = jws::sign(&jws::NewHeader::default(), b"payload", &rs256).unwrap();
    let verifier = jws::Verifier::new([SignatureAlgorithm::Ps256, SignatureAlgorithm::Rs256]);
    assert!(verifier.verify(&token, &named).is_ok());
    assert!(verifier.verify(&token, &open).is_ok());
    assert!(verifier.verify(&other, &open).is_ok());
    assert_eq!(verifier.verify(&other, &named).unwrap_err(), Error::KeyAlgorithmMismatch);
}

#[test]
fn use_and_operations_are_enforced() {
    let base = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    for (more, expected) in [
        ("", Ok(())),
        (r#","use":"sig""#, Ok(())),
        (r#","key_ops":["verify"]"#, Ok(())),
        (r#","use":"sig","key_ops":["verify"]"#, Ok(())),
        (r#","use":"enc""#, Err(Error::KeyUse)),
        (r#","use":"other""#, Err(Error::KeyUse)),
        (r#","key_ops":["sign"]"#, Err(Error::KeyUse)),
        (r#","key_ops":[]"#, Err(Error::KeyUse)),
        (r#","key_ops":["verify","verify"]"#, Err(Error::JwkMalformed)),
        (r#","key_ops":"verify""#, Err(Error::JwkMalformed)),
        (r#","key_ops":[1]"#, Err(Error::JwkMalformed)),
        (r#","use":"sig","key_ops":["verify","encrypt"]"#, Err(Error::KeyUse)),
        (r#","use":1"#, Err(Error::JwkMalformed)),
        (r#","kid":1"#, Err(Error::JwkMalformed)),
        (r#","kid":null"#, Err(Error::JwkMalformed)),
        (r#","alg":"ES256""#, Err(Error::KeyAlgorithm)),
        (r#","alg":"eddsa""#, Err(Error::KeyAlgorithm)),
        (r#","alg":["EdDSA"]"#, Err(Error::JwkMalformed)),
        (r#","x":"AA""#, Err(Error::JsonDuplicateName)),
    ] {
        let jwk = format!("{{{base}{more}}}");
        let outcome = VerifyingKey::from_jwk(jwk.as_bytes(), SignatureAlgorithm::EdDsa).map(|_| ());
        assert_eq!(outcome, expected, "{more}");
    }
}

#[test]
fn only_a_private_key_that_may_sign_signs() {
    let key = SigningKey::generate(SignatureAlgorithm::Ed25519).unwrap();
    assert_eq!(SigningKey::from_jwk(key.public_jwk().unwrap().as_bytes()).unwrap_err(), Error::NotPrivate);
    for algorithm in SignatureAlgorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric()) {
        let public = fixtures::key(*algorithm, 0).public_jwk().unwrap();
        assert_eq!(SigningKey::from_jwk(public.as_bytes()).unwrap_err(), Error::NotPrivate, "{algorithm}");
    }
    let with_operations = |operations: &str| key.to_jwk().replacen('{', &format!("{{\"key_ops\":{operations},"), 1);
    assert!(SigningKey::from_jwk(with_operations(r#"["sign","verify"]"#).as_bytes()).is_ok());
    assert_eq!(SigningKey::from_jwk(with_operations(r#"["verify"]"#).as_bytes()).unwrap_err(), Error::KeyUse);
}

#[test]
fn a_signing_key_needs_an_algorithm() {
    let key = fixtures::key(SignatureAlgorithm::Ps384, 0);
    let open = key.to_jwk().replace(r#","alg":"PS384""#, "");
    assert_eq!(SigningKey::from_jwk(open.as_bytes()).unwrap_err(), Error::KeyAlgorithmMissing);
    let chosen = SigningKey::from_jwk_for(open.as_bytes(), SignatureAlgorithm::Rs512).unwrap();
    assert_eq!(chosen.algorithm(), SignatureAlgorithm::Rs512);
    let named = SigningKey::from_jwk_for(key.to_jwk().as_bytes(), SignatureAlgorithm::Rs512);
    assert_eq!(named.unwrap_err(), Error::KeyAlgorithm);
    let ed = SigningKey::generate(SignatureAlgorithm::Ed25519).unwrap().to_jwk().replace(r#","alg":"Ed25519""#, "");
    assert_eq!(SigningKey::from_jwk(ed.as_bytes()).unwrap().algorithm(), SignatureAlgorithm::EdDsa);
}

#[test]
fn pem_is_read_with_the_expected_label_only() {
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let (private, public) = (key.to_private_pem().unwrap(), key.verifying_key().unwrap().to_public_pem().unwrap());
    let read_private = |text: &str| SigningKey::from_private_pem(text, SignatureAlgorithm::Es256).map(|_| ());
    let read_public = |text: &str| VerifyingKey::from_public_pem(text, SignatureAlgorithm::Es256).map(|_| ());
    assert_eq!(read_private(&private.replace('\n', "\r\n")), Ok(()));
    assert_eq!(read_private(&format!("some words\n{}\nmore", *private)), Ok(()));
    assert_eq!(read_private(&public), Err(Error::Pem));
    assert_eq!(read_public(&private), Err(Error::Pem));
    for broken in [
        "",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\n****\n-----END PUBLIC KEY-----",
        &"-".repeat(100_000),
    ] {
        assert!(matches!(read_public(broken), Err(Error::Pem | Error::Der)), "{broken:.40}");
    }
    assert!(VerifyingKey::from_public_pem(&public, SignatureAlgorithm::Es384).is_err());
}

#[test]
fn keys_of_another_tool_are_read() {
    // Made with `openssl ecparam -genkey` and `openssl genrsa -traditional`.
    let ec = include_str!("keys/ec.pem");
    let key = SigningKey::from_private_pem(ec, SignatureAlgorithm::Es256).unwrap();
    assert_eq!(key.thumbprint(), include_str!("keys/ec.thumbprint").trim());
    let rsa = include_str!("keys/rsa.pem");
    let key = SigningKey::from_private_pem(rsa, SignatureAlgorithm::Rs256).unwrap();
    assert_eq!(key.thumbprint(), include_str!("keys/rsa.thumbprint").trim());
    let certificate = include_str!("keys/certificate.pem");
    let key = VerifyingKey::from_public_pem(certificate, SignatureAlgorithm::Rs256).unwrap();
    assert_eq!(key.thumbprint(), include_str!("keys/rsa.thumbprint").trim());
}
