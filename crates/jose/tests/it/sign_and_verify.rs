//! Compact signatures with every algorithm.

use crate::fixtures;
use probity_jose::{Error, JwkSet, SignatureAlgorithm, SigningKey, base64url, jws};

fn verify(token: &str, key: &SigningKey) -> Result<Vec<u8>, Error> {
    let keys = JwkSet::from(key.verifying_key().unwrap());
    jws::Verifier::new([key.algorithm()]).verify(token, &keys).map(jws::Verified::into_payload)
}

#[test]
fn what_is_signed_verifies_with_every_algorithm() {
    for algorithm in SignatureAlgorithm::ALL {
        let key = fixtures::key(*algorithm, 0).with_key_id("k1");
        for payload in [&b""[..], b"x", &[0; 5000]] {
            let token = jws::sign(&jws::NewHeader::default(), payload, &key).unwrap();
            assert_eq!(verify(&token, &key).as_deref(), Ok(payload), "{algorithm}");
        }
    }
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    for algorithm in SignatureAlgorithm::ALL {
        let key = fixtures::key(*algorithm, 0);
        let token = jws::sign(&jws::NewHeader::default(), b"payload", &key).unwrap();
        let parts: Vec<Vec<u8>> = token.split('.').map(|part| base64url::decode(part).unwrap()).collect();
        for part in 0..3 {
            for bit in (0..parts[part].len() * 8).step_by(if part == 2 { 61 } else { 3 }) {
                let mut flipped = parts.clone();
                flipped[part][bit / 8] ^= 1 << (bit % 8);
                let text = flipped.iter().map(|part| base64url::encode(part)).collect::<Vec<_>>().join(".");
                assert!(verify(&text, &key).is_err(), "{algorithm} part {part} bit {bit}");
            }
        }
    }
}

#[test]
fn a_signature_of_another_length_is_refused() {
    for algorithm in SignatureAlgorithm::ALL {
        let key = fixtures::key(*algorithm, 0);
        let token = jws::sign(&jws::NewHeader::default(), b"payload", &key).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = base64url::decode(signature).unwrap();
        let half = signature.len() / 2;
        let padded = [&[0], &signature[..half], &[0], &signature[half..]].concat();
        for other in [
            &signature[..0],
            &signature[1..],
            &signature[..signature.len() - 1],
            &padded,
            &[&signature[..], &[0]].concat(),
        ] {
            let text = format!("{signed}.{}", base64url::encode(other));
            assert_eq!(verify(&text, &key), Err(Error::BadSignature), "{algorithm}");
        }
    }
}

#[test]
fn another_key_or_algorithm_is_refused() {
    for algorithm in SignatureAlgorithm::ALL {
        let key = fixtures::key(*algorithm, 0);
        let other = fixtures::key(*algorithm, 1);
        let token = jws::sign(&jws::NewHeader::default(), b"payload", &key).unwrap();
        assert_eq!(verify(&token, &other), Err(Error::BadSignature), "{algorithm}");

        let keys = JwkSet::from(key.verifying_key().unwrap());
        let others = SignatureAlgorithm::ALL.iter().copied().filter(|other| other != algorithm);
        assert_eq!(jws::Verifier::new(others).verify(&token, &keys).unwrap_err(), Error::AlgorithmNotAllowed);
        assert_eq!(jws::Verifier::new([]).verify(&token, &keys).unwrap_err(), Error::AlgorithmNotAllowed);
    }
}

#[test]
fn a_public_key_is_never_a_secret() {
    let key = SigningKey::generate(SignatureAlgorithm::Rs256).unwrap().with_key_id("k1");
    let verifying = key.verifying_key().unwrap();
    let keys = JwkSet::parse(format!(r#"{{"keys":[{}]}}"#, key.public_jwk().unwrap()).as_bytes()).unwrap();
    let pem = verifying.to_public_pem().unwrap();
    for secret in [pem.as_bytes(), pem.trim().as_bytes(), &verifying.to_public_der().unwrap()] {
        let forger = SigningKey::from_secret(SignatureAlgorithm::Hs256, secret).unwrap().with_key_id("k1");
        let token = jws::sign(&jws::NewHeader::default(), b"payload", &forger).unwrap();
        let verifier = jws::Verifier::new([SignatureAlgorithm::Rs256, SignatureAlgorithm::Hs256]);
        assert_eq!(verifier.verify(&token, &keys).unwrap_err(), Error::KeyAlgorithmMismatch);
    }
}

#[test]
fn a_known_header_is_still_checked_against_the_policy() {
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let keys = JwkSet::from(key.verifying_key().unwrap());
    let header = jws::NewHeader::from_json(br#"{"crit":["x"],"x":1}"#).unwrap();
    let token = jws::sign(&header, b"payload", &key).unwrap();
    let mut verifier = jws::Verifier::new([SignatureAlgorithm::Es256]);
    verifier.understood = vec!["x".into()];
    for _ in 0..3 {
        assert_eq!(verifier.verify(&token, &keys).unwrap().payload(), b"payload");
    }
    let strict = jws::Verifier::new([SignatureAlgorithm::Es256]);
    assert_eq!(strict.verify(&token, &keys).unwrap_err(), Error::CriticalUnknown);
    let other = jws::Verifier::new([SignatureAlgorithm::Es384]);
    assert_eq!(other.verify(&token, &keys).unwrap_err(), Error::AlgorithmNotAllowed);
    let (signed, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", base64url::encode(&[1; 64]));
    assert_eq!(verifier.verify(&forged, &keys).unwrap_err(), Error::BadSignature);
}
