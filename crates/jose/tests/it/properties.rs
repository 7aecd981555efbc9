//! What must hold for any input.

use std::sync::LazyLock;

use probity_jose::jwk::Jwk;
use probity_jose::{Error, JwkSet, SignatureAlgorithm, SigningKey, UnixTime, VerifyingKey, base64url, jws, jwt};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::fixtures;

static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    SignatureAlgorithm::ALL.iter().map(|algorithm| fixtures::key(*algorithm, 0).with_key_id("k")).collect()
});

fn any_key() -> impl Strategy<Value = &'static SigningKey> {
    (0..KEYS.len()).prop_map(|at| &KEYS[at])
}

fn verify(token: &str, key: &SigningKey) -> Result<Vec<u8>, Error> {
    let keys = JwkSet::from(key.verifying_key().unwrap());
    jws::Verifier::new([key.algorithm()]).verify(token, &keys).map(jws::Verified::into_payload)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Bytes that look like a token, a document or a key, and then something happens to them.
fn nearly(seed: String) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..6);
    changes.prop_map(move |changes| {
        let mut bytes = seed.clone().into_bytes();
        for (at, byte, kind) in changes {
            let at = at.index(bytes.len().max(1));
            match kind {
                0 if at < bytes.len() => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_verifies(key in any_key(), payload: Vec<u8>, typ in prop::option::of(".{0,20}"), extra in any_json()) {
        let mut header = jws::NewHeader { typ, ..jws::NewHeader::default() };
        header.other.insert("x-extra".into(), extra.clone());
        let token = jws::sign(&header, &payload, key).unwrap();
        let keys = JwkSet::from(key.verifying_key().unwrap());
        let verified = jws::Verifier::new([key.algorithm()]).verify(&token, &keys).unwrap();
        prop_assert_eq!(verified.payload(), &payload[..]);
        prop_assert_eq!(verified.header().typ(), header.typ.as_deref());
        let back: Map<String, Value> = verified.header().deserialize().unwrap();
        prop_assert_eq!(back.get("x-extra"), Some(&extra));
    }

    #[test]
    fn one_changed_character_is_refused(key in any_key(), payload: Vec<u8>, at: prop::sample::Index, other in "[A-Za-z0-9_-]") {
        let token = jws::sign(&jws::NewHeader::default(), &payload, key).unwrap();
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &other);
        prop_assume!(changed != token);
        prop_assert!(verify(&changed, key).is_err());
    }

    #[test]
    fn all_serializations_carry_the_same(key in any_key(), payload: Vec<u8>) {
        let keys = JwkSet::from(key.verifying_key().unwrap());
        let verifier = jws::Verifier::new([key.algorithm()]);
        let signature = jws::NewSignature::new(key);
        let flattened = jws::sign_flattened(&payload, &signature).unwrap();
        let general = jws::sign_general(&payload, &[signature]).unwrap();
        for document in [flattened, general] {
            let verified = verifier.verify_json(document.as_bytes(), &keys, jws::Required::All).unwrap();
            prop_assert_eq!(verified.payload(), &payload[..]);
        }
        let detached = jws::sign_detached(&jws::NewHeader::default(), &payload, key).unwrap();
        prop_assert!(verifier.verify_detached(&detached, &payload, &keys).is_ok());
    }

    #[test]
    fn claims_come_back_as_they_were(claims in prop::collection::btree_map("[a-z_]{8,16}", any_json(), 0..8)) {
        let key = &KEYS[0];
        let claims = Value::from(claims.into_iter().collect::<Map<_, _>>());
        let token = jwt::sign("x+jwt", &claims, key).unwrap();
        let mut verifier = jwt::Verifier::custom(jwt::TokenType::Exactly("x+jwt".into()))
            .danger_accept_any_issuer()
            .danger_accept_any_audience()
            .algorithms([key.algorithm()]);
        verifier.required_claims.clear();
        let keys = JwkSet::from(key.verifying_key().unwrap());
        let verified = verifier.verify::<Value>(&token, &keys, UnixTime::from_secs(0)).unwrap();
        prop_assert_eq!(verified.claims(), &claims);
    }

    #[test]
    fn a_jwk_that_is_read_and_written_stays_the_same(key in any_key(), key_id in ".{0,20}") {
        let jwk = Jwk::parse(key.to_jwk().as_bytes()).unwrap();
        let text = jwk.to_jwk();
        let again = Jwk::parse(text.as_bytes()).unwrap().to_jwk();
        prop_assert_eq!(&*text, &*again);
        let named = SigningKey::from_jwk(text.as_bytes()).unwrap().with_key_id(key_id.clone());
        let back = SigningKey::from_jwk(named.to_jwk().as_bytes()).unwrap();
        prop_assert_eq!(back.key_id(), Some(&*key_id));
        prop_assert_eq!(back.thumbprint(), key.thumbprint());
    }

    #[test]
    fn no_token_ends_the_program(bytes in any_key().prop_flat_map(|key| nearly(jws::sign(&jws::NewHeader::default(), b"{}", key).unwrap()))) {
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        let keys: JwkSet = KEYS.iter().map(|key| key.verifying_key().unwrap()).collect();
        let verifier = jws::Verifier::new(SignatureAlgorithm::ALL.iter().copied());
        if let Ok(verified) = verifier.verify(&text, &keys) {
            // Only what was signed verifies.
            prop_assert_eq!(verified.payload(), b"{}");
        }
        let _ = verifier.verify_detached(&text, b"{}", &keys);
        let _ = jwt::Unverified::parse(&text);
        let policy = jwt::Verifier::access_token().issuer("i").audience("a").algorithms([SignatureAlgorithm::Es256]);
        let explained = policy.explain(&text, &keys, UnixTime::from_secs(0)).outcome();
        prop_assert_eq!(policy.verify::<Value>(&text, &keys, UnixTime::from_secs(0)).map(|_| ()), explained);
    }

    #[test]
    fn no_document_ends_the_program(bytes in any_key().prop_flat_map(|key| nearly(jws::sign_flattened(b"{}", &jws::NewSignature::new(key)).unwrap()))) {
        let keys: JwkSet = KEYS.iter().map(|key| key.verifying_key().unwrap()).collect();
        let verifier = jws::Verifier::new(SignatureAlgorithm::ALL.iter().copied());
        if let Ok(verified) = verifier.verify_json(&bytes, &keys, jws::Required::ANY) {
            prop_assert_eq!(verified.payload(), b"{}");
        }
    }

    #[test]
    fn no_key_ends_the_program(bytes in any_key().prop_flat_map(|key| nearly(key.to_jwk().to_string()))) {
        let _ = Jwk::parse(&bytes);
        let set = [&b"{\"keys\":["[..], &bytes, b"]}"].concat();
        let _ = JwkSet::parse(&set);
        let _ = SigningKey::from_jwk(&bytes);
    }

    #[test]
    fn no_pem_ends_the_program(bytes in any_key().prop_flat_map(|key| nearly(key.to_private_pem().map(|pem| pem.to_string()).unwrap_or_default()))) {
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        for algorithm in [SignatureAlgorithm::Es256, SignatureAlgorithm::Rs256, SignatureAlgorithm::MlDsa44] {
            let _ = SigningKey::from_private_pem(&text, algorithm);
            let _ = VerifyingKey::from_public_pem(&text, algorithm);
        }
    }

    #[test]
    fn no_der_ends_the_program(bytes in any_key().prop_flat_map(|key| {
        let der = key.to_private_der().map(|der| base64url::encode(&der)).unwrap_or_default();
        nearly(der).prop_map(|text| String::from_utf8(text).ok().and_then(|text| base64url::decode(&text).ok()).unwrap_or_default())
    })) {
        for algorithm in SignatureAlgorithm::ALL {
            let _ = SigningKey::from_private_der(&bytes, *algorithm);
            let _ = VerifyingKey::from_public_der(&bytes, *algorithm);
        }
    }
}
