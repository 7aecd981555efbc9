//! HPKE for JWE, with the draft's examples when they are there.

use probity_jose::jwe::hpke::{self, Decrypter, DecryptionKey, EncryptionKey, HpkeAlgorithm};
use probity_jose::jwe::{ContentEncryptionAlgorithm, NewHeader};
use probity_jose::{Error, base64url};
use serde_json::{Value, json};

use crate::shared::{json_file, report};

fn decrypter() -> Decrypter {
    Decrypter::new(HpkeAlgorithm::ALL.iter().copied(), ContentEncryptionAlgorithm::ALL.iter().copied())
}

fn encrypt(key: &DecryptionKey) -> String {
    let (header, public) = (NewHeader::default(), key.encryption_key().unwrap());
    if key.algorithm().is_integrated() {
        hpke::encrypt(&header, b"content", &public).unwrap()
    } else {
        hpke::encrypt_with_key(&header, ContentEncryptionAlgorithm::A128CbcHs256, b"content", &public).unwrap()
    }
}

#[test]
fn the_drafts_examples() {
    let Some(file) = json_file("jose-hpke-draft/examples/jose-vectors.json") else { return };
    let mut ran = 0;
    for example in file.as_array().unwrap() {
        let jwk = example["jwk"].to_string();
        let Ok(algorithm) = example["alg"].as_str().unwrap().parse() else {
            // X448 is not implemented, on purpose.
            assert_eq!(example["jwk"]["crv"], "X448");
            continue;
        };
        let keys = [DecryptionKey::from_jwk(jwk.as_bytes(), algorithm).unwrap()];
        let compact = decrypter().decrypt(example["compact"].as_str().unwrap(), &keys).unwrap();
        let flattened = decrypter().decrypt_json(example["flattened"].to_string().as_bytes(), &keys).unwrap();
        assert!(compact.content().starts_with(b"You can trust us to stick with you"), "{algorithm}");
        assert_eq!(flattened.content(), compact.content());
        assert_eq!(flattened.additional_data(), Some(&b"The Fellowship of the Ring"[..]));
        ran += 2;
    }
    report("jose-hpke-draft", ran);
}

#[test]
fn what_is_encrypted_decrypts_with_every_algorithm() {
    for algorithm in HpkeAlgorithm::ALL {
        let key = DecryptionKey::generate(*algorithm).unwrap().with_key_id("k1");
        let again = DecryptionKey::from_jwk(key.to_jwk().as_bytes(), *algorithm).unwrap();
        let decrypted = decrypter().decrypt(&encrypt(&key), &[again]).unwrap();
        assert_eq!(decrypted.content(), b"content");
        assert!(decrypted.protected().contains("\"kid\":\"k1\""));
    }
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    for algorithm in HpkeAlgorithm::ALL {
        let key = DecryptionKey::generate(*algorithm).unwrap();
        let token = encrypt(&key);
        let parts: Vec<Vec<u8>> = token.split('.').map(|part| base64url::decode(part).unwrap()).collect();
        for part in 0..5 {
            for bit in (0..parts[part].len() * 8).step_by(13) {
                let mut flipped = parts.clone();
                flipped[part][bit / 8] ^= 1 << (bit % 8);
                let text = flipped.iter().map(|part| base64url::encode(part)).collect::<Vec<_>>().join(".");
                assert!(
                    decrypter().decrypt(&text, std::slice::from_ref(&key)).is_err(),
                    "{algorithm} part {part} bit {bit}"
                );
            }
        }
    }
}

#[test]
fn another_key_or_algorithm_is_refused() {
    for algorithm in HpkeAlgorithm::ALL {
        let key = DecryptionKey::generate(*algorithm).unwrap();
        let other = DecryptionKey::generate(*algorithm).unwrap();
        let token = encrypt(&key);
        let outcome = |decrypter: &Decrypter, keys: &[DecryptionKey]| decrypter.decrypt(&token, keys).map(|_| ());
        assert_eq!(outcome(&decrypter(), std::slice::from_ref(&other)), Err(Error::DecryptionFailed), "{algorithm}");
        assert_eq!(outcome(&decrypter(), &[other, key.clone()]), Ok(()), "{algorithm}");
        assert_eq!(outcome(&decrypter(), &[]), Err(Error::DecryptionKeyNotFound));
        let keys = [key];
        assert_eq!(outcome(&Decrypter::new([], []), &keys), Err(Error::KeyManagementNotAllowed));
        let none = outcome(&Decrypter::new([*algorithm], []), &keys);
        assert_eq!(none, if algorithm.is_integrated() { Ok(()) } else { Err(Error::ContentEncryptionNotAllowed) });
    }
}

#[test]
fn a_form_that_the_draft_does_not_have_is_refused() {
    let key = DecryptionKey::generate(HpkeAlgorithm::Hpke3).unwrap();
    let token = encrypt(&key);
    let parts: Vec<_> = token.split('.').collect();
    let decrypt =
        |parts: [&str; 5]| decrypter().decrypt(&parts.join("."), std::slice::from_ref(&key)).map(|_| ()).unwrap_err();
    let [header, encapsulated, _, ciphertext, _] = parts[..] else { panic!("five parts") };
    assert_eq!(decrypt([header, encapsulated, "AAAAAAAAAAAAAAAA", ciphertext, ""]), Error::IvLength);
    assert_eq!(decrypt([header, encapsulated, "", ciphertext, "AAAA"]), Error::TagLength);
    assert_eq!(decrypt([header, "", "", ciphertext, ""]), Error::EphemeralKeyMalformed);
    let zero = base64url::encode(&[0; 32]);
    assert_eq!(decrypt([header, &zero, "", ciphertext, ""]), Error::EphemeralKeyPoint);
    for (members, error) in [
        (json!({"alg": "HPKE-3", "enc": "A128GCM"}), Error::JweHeaderMalformed),
        (json!({"alg": "HPKE-3", "ek": zero}), Error::JweHeaderMalformed),
        (json!({"alg": "HPKE-3", "psk_id": "AA"}), Error::JweHeaderMalformed),
        (json!({"alg": "HPKE-3", "zip": "DEF"}), Error::CompressionNotAllowed),
        (json!({"alg": "HPKE-3", "crit": ["x"], "x": 1}), Error::JweCriticalUnknown),
        (json!({"alg": "HPKE-3-KE", "ek": zero}), Error::ContentEncryptionMissing),
        (json!({"alg": "HPKE-3-KE", "enc": "A128GCM"}), Error::JweHeaderMalformed),
        (json!({"alg": "HPKE-5"}), Error::KeyManagementUnknown),
        (json!({"alg": "ECDH-ES", "enc": "A128GCM"}), Error::KeyManagementUnknown),
        (json!({}), Error::KeyManagementMissing),
    ] {
        let header = base64url::encode(members.to_string().as_bytes());
        assert_eq!(decrypt([&header, encapsulated, "", ciphertext, ""]), error, "{members}");
    }
}

#[test]
fn a_key_is_for_one_algorithm_on_its_curve() {
    let key = DecryptionKey::generate(HpkeAlgorithm::Hpke0).unwrap();
    let mut jwk: Value = serde_json::from_str(&key.to_jwk()).unwrap();
    let read = |jwk: &Value, algorithm| EncryptionKey::from_jwk(jwk.to_string().as_bytes(), algorithm).map(|_| ());
    assert_eq!(read(&jwk, HpkeAlgorithm::Hpke0), Ok(()));
    assert_eq!(read(&jwk, HpkeAlgorithm::Hpke7), Err(Error::KeyAlgorithm));
    jwk.as_object_mut().unwrap().remove("alg");
    assert_eq!(read(&jwk, HpkeAlgorithm::Hpke7), Ok(()));
    assert_eq!(read(&jwk, HpkeAlgorithm::Hpke1), Err(Error::KeyAlgorithm));
    jwk["use"] = "sig".into();
    assert_eq!(read(&jwk, HpkeAlgorithm::Hpke0), Err(Error::KeyUse));
    let whole = hpke::encrypt(&NewHeader::default(), b"x", &key.encryption_key().unwrap());
    assert!(whole.is_ok());
    let enc = ContentEncryptionAlgorithm::A128Gcm;
    let only_key = hpke::encrypt_with_key(&NewHeader::default(), enc, b"x", &key.encryption_key().unwrap());
    assert_eq!(only_key, Err(Error::KeyAlgorithm));
}
