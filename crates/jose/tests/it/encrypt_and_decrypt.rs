//! JWE with every algorithm.

use std::sync::LazyLock;

use probity_jose::jwe::{
    self, AgreementCurve, ContentEncryptionAlgorithm, Decrypter, DecryptionKey, DecryptionKeys, KeyManagementAlgorithm,
};
use probity_jose::{Error, base64url};
use serde_json::{Value, json};

const GCM: ContentEncryptionAlgorithm = ContentEncryptionAlgorithm::A256Gcm;

/// Keys for every algorithm, on every curve.
fn keys_for(algorithm: KeyManagementAlgorithm, encryption: ContentEncryptionAlgorithm) -> Vec<DecryptionKey> {
    let name = algorithm.name();
    if algorithm == KeyManagementAlgorithm::Dir {
        vec![DecryptionKey::generate_direct(encryption).unwrap()]
    } else if name.starts_with("PBES2") {
        vec![DecryptionKey::from_password(algorithm, "correct horse battery staple").unwrap()]
    } else if name.starts_with("ECDH-ES") {
        let on = |curve: &AgreementCurve| DecryptionKey::generate_agreement(algorithm, *curve).unwrap();
        AgreementCurve::ALL.iter().map(on).collect()
    } else if name.starts_with("RSA") {
        vec![DecryptionKey::from_private_der(&RSA_KEYS[0], algorithm).unwrap()]
    } else {
        vec![DecryptionKey::generate(algorithm).unwrap()]
    }
}

/// Two RSA keys: making them takes longer than all else here.
static RSA_KEYS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    let generate = || DecryptionKey::generate(KeyManagementAlgorithm::RsaOaep).unwrap();
    [generate(), generate()].map(|key| key.to_private_der().unwrap().to_vec())
});

/// A header that spares tests hundreds of thousands of rounds.
fn header() -> jwe::NewHeader {
    jwe::NewHeader::from_json(br#"{"p2c":1000}"#).unwrap()
}

fn encrypt(content: &[u8], encryption: ContentEncryptionAlgorithm, key: &DecryptionKey) -> String {
    jwe::encrypt(&header(), encryption, content, &key.encryption_key().unwrap()).unwrap()
}

fn decrypter(key: &DecryptionKey, encryption: ContentEncryptionAlgorithm) -> Decrypter {
    Decrypter::new([key.algorithm()], [encryption])
}

fn decrypt(token: &str, encryption: ContentEncryptionAlgorithm, key: &DecryptionKey) -> Result<Vec<u8>, Error> {
    let keys = DecryptionKeys::from(key.clone());
    decrypter(key, encryption).decrypt(token, &keys).map(jwe::Decrypted::into_content)
}

fn every_combination() -> impl Iterator<Item = (ContentEncryptionAlgorithm, DecryptionKey)> {
    KeyManagementAlgorithm::ALL.iter().flat_map(|algorithm| {
        ContentEncryptionAlgorithm::ALL
            .iter()
            .flat_map(|encryption| keys_for(*algorithm, *encryption).into_iter().map(|key| (*encryption, key)))
    })
}

#[test]
fn what_is_encrypted_decrypts_with_every_algorithm() {
    let mut ran = 0;
    for (encryption, key) in every_combination() {
        let key = key.with_key_id("k1");
        for content in [&b""[..], b"x", &[7; 16], &[0; 5000]] {
            let token = encrypt(content, encryption, &key);
            assert_eq!(decrypt(&token, encryption, &key).as_deref(), Ok(content), "{key:?} {encryption}");
            ran += 1;
        }
    }
    assert_eq!(ran, (14 + 4 * 4) * 6 * 4);
}

#[test]
fn what_is_encrypted_for_a_jwk_decrypts_with_it() {
    for (encryption, key) in every_combination() {
        let key = key.with_key_id("k1");
        let keys = DecryptionKeys::from_jwk(key.to_jwk().as_bytes()).unwrap();
        let token = encrypt(b"content", encryption, &key);
        let decrypted = decrypter(&key, encryption).decrypt(&token, &keys).unwrap();
        assert_eq!(decrypted.content(), b"content");
        assert_eq!(decrypted.header().key_id(), Some("k1"));
        assert_eq!(decrypted.key().thumbprint(), key.thumbprint());
    }
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    for (encryption, key) in every_combination() {
        let token = encrypt(b"content", encryption, &key);
        let parts: Vec<Vec<u8>> = token.split('.').map(|part| base64url::decode(part).unwrap()).collect();
        for part in 0..5 {
            // Every bit of what is short, a few of what is long or costly.
            let costly = key.algorithm().name().starts_with("PBES2") || key.algorithm().name().starts_with("RSA");
            let step = if costly { 97 } else { 7 };
            for bit in (0..parts[part].len() * 8).step_by(step) {
                let mut flipped = parts.clone();
                flipped[part][bit / 8] ^= 1 << (bit % 8);
                let text = flipped.iter().map(|part| base64url::encode(part)).collect::<Vec<_>>().join(".");
                let outcome = decrypt(&text, encryption, &key);
                if part == 0 {
                    assert!(outcome.is_err(), "{key:?} {encryption} bit {bit}");
                } else {
                    assert_eq!(outcome, Err(Error::DecryptionFailed), "{key:?} {encryption} part {part} bit {bit}");
                }
            }
        }
    }
}

#[test]
fn parts_of_another_length_are_refused_before_any_cryptography() {
    for (encryption, key) in every_combination() {
        let token = encrypt(b"content", encryption, &key);
        let parts: Vec<Vec<u8>> = token.split('.').map(|part| base64url::decode(part).unwrap()).collect();
        let expected = [(1, Error::EncryptedKeyLength), (2, Error::IvLength), (4, Error::TagLength)];
        for (part, error) in expected {
            let right = &parts[part];
            let longer = [right.as_slice(), &[0]].concat();
            let shorter = right.get(..right.len().saturating_sub(1)).unwrap();
            for wrong in [longer.as_slice(), &[0; 2000], shorter, &[]] {
                if wrong.len() == right.len() {
                    continue;
                }
                let mut changed = parts.clone();
                changed[part] = wrong.to_vec();
                let text = changed.iter().map(|part| base64url::encode(part)).collect::<Vec<_>>().join(".");
                assert_eq!(decrypt(&text, encryption, &key), Err(error), "{key:?} {encryption} part {part}");
            }
        }
    }
}

#[test]
fn another_key_is_refused() {
    for algorithm in KeyManagementAlgorithm::ALL {
        for (key, other) in keys_for(*algorithm, GCM).into_iter().zip(keys_for(*algorithm, GCM)) {
            let other = match algorithm.name().get(..3) {
                Some("PBE") => DecryptionKey::from_password(*algorithm, "another").unwrap(),
                Some("RSA") => DecryptionKey::from_private_der(&RSA_KEYS[1], *algorithm).unwrap(),
                _ => other,
            };
            let token = encrypt(b"content", GCM, &key);
            assert_eq!(decrypt(&token, GCM, &other), Err(Error::DecryptionFailed), "{algorithm}");
        }
    }
}

#[test]
fn algorithms_that_are_not_allowed_are_refused() {
    for (encryption, key) in every_combination() {
        let token = encrypt(b"content", encryption, &key);
        let keys = DecryptionKeys::from(key.clone());
        let decrypt = |decrypter: Decrypter| decrypter.decrypt(&token, &keys).unwrap_err();
        let all = ContentEncryptionAlgorithm::ALL.iter().copied();
        let others = KeyManagementAlgorithm::ALL.iter().copied().filter(|other| *other != key.algorithm());
        assert_eq!(decrypt(Decrypter::new(others, all.clone())), Error::KeyManagementNotAllowed);
        assert_eq!(decrypt(Decrypter::new([], all.clone())), Error::KeyManagementNotAllowed);
        let others = all.filter(|other| *other != encryption);
        assert_eq!(decrypt(Decrypter::new([key.algorithm()], others)), Error::ContentEncryptionNotAllowed);
        assert_eq!(decrypt(Decrypter::new([key.algorithm()], [])), Error::ContentEncryptionNotAllowed);
    }
}

#[test]
fn a_secret_is_for_one_content_encryption() {
    let key = DecryptionKey::generate_direct(GCM).unwrap();
    let jwk: Value = serde_json::from_str(&key.to_jwk()).unwrap();
    assert_eq!(jwk["alg"], "A256GCM");
    let other = ContentEncryptionAlgorithm::A128CbcHs256;
    let encryption_key = key.encryption_key().unwrap();
    let outcome = jwe::encrypt(&header(), other, b"content", &encryption_key);
    assert_eq!(outcome, Err(Error::HeaderContradiction));

    // The same secret without a name fits both, and each JWE says which.
    let nameless = json!({"kty": "oct", "k": jwk["k"], "alg": "dir"}).to_string();
    let unbound = DecryptionKeys::from_jwk(nameless.as_bytes()).unwrap();
    let bound = DecryptionKeys::from(key);
    let cbc = DecryptionKey::from_jwk_direct(nameless.as_bytes(), other).unwrap();
    let token = encrypt(b"content", other, &cbc);
    let decrypter = Decrypter::new([KeyManagementAlgorithm::Dir], [GCM, other]);
    assert_eq!(decrypter.decrypt(&token, &unbound).unwrap().content(), b"content");
    assert_eq!(decrypter.decrypt(&token, &bound).unwrap_err(), Error::DecryptionKeyMismatch);
    let ambiguous = DecryptionKey::from_jwk(nameless.as_bytes(), KeyManagementAlgorithm::Dir);
    assert_eq!(ambiguous.unwrap_err(), Error::KeyAlgorithmMissing);
}

#[test]
fn a_known_header_is_still_checked_against_the_policy() {
    let key = DecryptionKey::generate_direct(GCM).unwrap();
    let keys = DecryptionKeys::from(key.clone());
    let header = jwe::NewHeader::from_json(br#"{"crit":["x"],"x":1,"zip":"DEF"}"#).unwrap();
    let token = jwe::encrypt(&header, GCM, b"content", &key.encryption_key().unwrap()).unwrap();
    let mut lenient = decrypter(&key, GCM);
    lenient.understood = vec!["x".into()];
    lenient.compression = jwe::Compression::Accepted;
    for _ in 0..3 {
        assert_eq!(lenient.decrypt(&token, &keys).unwrap().content(), b"content");
    }
    let refusal = |decrypter: &Decrypter| decrypter.decrypt(&token, &keys).unwrap_err();
    assert_eq!(refusal(&decrypter(&key, GCM)), Error::JweCriticalUnknown);
    lenient.compression = jwe::Compression::Refused;
    assert_eq!(refusal(&lenient), Error::CompressionNotAllowed);
    lenient.encryptions.clear();
    assert_eq!(refusal(&lenient), Error::ContentEncryptionNotAllowed);
    lenient.algorithms.clear();
    assert_eq!(refusal(&lenient), Error::KeyManagementNotAllowed);
}

#[test]
fn a_jwe_without_key_identifier_is_tried_with_every_fitting_key() {
    let algorithm = KeyManagementAlgorithm::EcdhEsA256Kw;
    let mut all: Vec<_> = AgreementCurve::ALL
        .iter()
        .chain(AgreementCurve::ALL)
        .map(|curve| DecryptionKey::generate_agreement(algorithm, *curve).unwrap())
        .collect();
    for der in RSA_KEYS.iter() {
        all.push(DecryptionKey::from_private_der(der, KeyManagementAlgorithm::RsaOaep256).unwrap());
    }
    let keys: DecryptionKeys =
        all.iter().cloned().enumerate().map(|(number, key)| key.with_key_id(number.to_string())).collect();
    for (number, key) in all.iter().enumerate() {
        for _ in 0..2 {
            let token = encrypt(b"content", GCM, key);
            let decrypted = decrypter(key, GCM).decrypt(&token, &keys).unwrap();
            assert_eq!(decrypted.key().key_id(), Some(number.to_string().as_str()));
        }
    }
}

#[test]
fn a_key_identifier_that_nobody_knows_is_refused_unless_asked() {
    let key = DecryptionKey::generate(KeyManagementAlgorithm::A256Kw).unwrap();
    let token = encrypt(b"content", GCM, &key.clone().with_key_id("new"));
    let old = key.clone().with_key_id("old");
    let keys = DecryptionKeys::from(old.clone());
    let mut decrypter = decrypter(&old, GCM);
    assert_eq!(decrypter.decrypt(&token, &keys).unwrap_err(), Error::DecryptionKeyNotFound);
    decrypter.unknown_key_id = probity_jose::jws::UnknownKeyId::TryAllKeys;
    assert_eq!(decrypter.decrypt(&token, &keys).unwrap().content(), b"content");
    decrypter.unknown_key_id = probity_jose::jws::UnknownKeyId::Refuse;
    assert_eq!(decrypter.decrypt(&token, &keys).unwrap_err(), Error::DecryptionKeyNotFound);
}

#[test]
fn the_number_of_attempts_is_limited() {
    let algorithm = KeyManagementAlgorithm::A128Kw;
    let right = DecryptionKey::generate(algorithm).unwrap();
    let token = encrypt(b"content", GCM, &right);
    let others = |count| (0..count).map(|_| DecryptionKey::generate(algorithm).unwrap());
    let decrypt =
        |keys: DecryptionKeys| decrypter(&right, GCM).decrypt(&token, &keys).map(jwe::Decrypted::into_content);
    let most = probity_jose::limits::MAX_KEY_ATTEMPTS;
    assert_eq!(decrypt(others(most - 1).chain([right.clone()]).collect()).as_deref(), Ok(&b"content"[..]));
    assert_eq!(decrypt(others(most).chain([right.clone()]).collect()), Err(Error::TooManyDecryptionKeys));
}

#[test]
fn the_work_for_passwords_is_limited() {
    let algorithm = KeyManagementAlgorithm::Pbes2Hs256A128Kw;
    let password = |text: &str| DecryptionKey::from_password(algorithm, text).unwrap();
    let header = jwe::NewHeader::from_json(br#"{"p2c":1200000}"#).unwrap();
    let right = password("right");
    let token = jwe::encrypt(&header, GCM, b"content", &right.encryption_key().unwrap()).unwrap();
    let decrypt = |keys: &[&DecryptionKey]| {
        let keys: DecryptionKeys = keys.iter().copied().cloned().collect();
        decrypter(&right, GCM).decrypt(&token, &keys).map(jwe::Decrypted::into_content)
    };
    let (one, two) = (password("one"), password("two"));
    assert_eq!(decrypt(&[&one, &right]).as_deref(), Ok(&b"content"[..]));
    assert_eq!(decrypt(&[&one, &two, &right]), Err(Error::TooManyDecryptionKeys));
}

#[test]
fn a_password_count_outside_of_the_limits_is_refused_before_it_is_calculated() {
    let key = DecryptionKey::from_password(KeyManagementAlgorithm::Pbes2Hs256A128Kw, "password").unwrap();
    let token = encrypt(b"content", GCM, &key);
    let (header, rest) = token.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&base64url::decode(header).unwrap()).unwrap();
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        decrypt(&format!("{}.{rest}", base64url::encode(header.to_string().as_bytes())), GCM, &key).unwrap_err()
    };
    for count in [0, 1, 999, 1_200_001, 2_000_000_000, u64::MAX] {
        assert_eq!(with("p2c", count.into()), Error::Pbes2Count, "{count}");
    }
    for count in [json!(-1000), json!(1000.0), json!("1000"), json!(null), json!(1e30)] {
        assert_eq!(with("p2c", count.clone()), Error::JweHeaderMalformed, "{count}");
    }
    assert_eq!(with("p2s", base64url::encode(&[1; 7]).into()), Error::Pbes2Salt);
    for count in [1_000, 1_200_000] {
        assert_eq!(with("p2c", count.into()), Error::DecryptionFailed, "{count}: calculated, and found wrong");
    }
    for count in [999, 1_200_001] {
        let header = jwe::NewHeader::from_json(format!(r#"{{"p2c":{count}}}"#).as_bytes()).unwrap();
        let outcome = jwe::encrypt(&header, GCM, b"content", &key.encryption_key().unwrap());
        assert_eq!(outcome, Err(Error::Pbes2Count));
    }
    let usual = jwe::encrypt(&jwe::NewHeader::default(), GCM, b"content", &key.encryption_key().unwrap()).unwrap();
    let header = base64url::decode(usual.split('.').next().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["p2c"], 600_000);
}

#[test]
fn what_both_parties_say_goes_into_the_key() {
    let key = DecryptionKey::generate(KeyManagementAlgorithm::EcdhEs).unwrap();
    let header = jwe::NewHeader::from_json(br#"{"apu":"QWxpY2U","apv":"Qm9i"}"#).unwrap();
    let token = jwe::encrypt(&header, GCM, b"content", &key.encryption_key().unwrap()).unwrap();
    assert_eq!(decrypt(&token, GCM, &key).as_deref(), Ok(&b"content"[..]));
    for bad in [r#"{"apu":"QWxpY2U="}"#, r#"{"apv":1}"#] {
        let header = jwe::NewHeader::from_json(bad.as_bytes()).unwrap();
        assert!(jwe::encrypt(&header, GCM, b"content", &key.encryption_key().unwrap()).is_err(), "{bad}");
    }
}

#[test]
fn a_header_that_contradicts_is_never_written() {
    let key = DecryptionKey::generate(KeyManagementAlgorithm::A256Kw).unwrap().encryption_key().unwrap();
    for (header, error) in [
        (r#"{"alg":"A128KW"}"#, Error::HeaderContradiction),
        (r#"{"enc":"A128GCM"}"#, Error::HeaderContradiction),
        (r#"{"epk":{}}"#, Error::HeaderContradiction),
        (r#"{"iv":"AAAA"}"#, Error::HeaderContradiction),
        (r#"{"crit":[]}"#, Error::JweCriticalMalformed),
        (r#"{"crit":["zip"],"zip":"DEF"}"#, Error::JweCriticalMalformed),
        (r#"{"zip":"GZ"}"#, Error::CompressionUnknown),
        (r#"{"kid":1}"#, Error::JweHeaderMalformed),
    ] {
        let new = jwe::NewHeader::from_json(header.as_bytes()).unwrap();
        assert_eq!(jwe::encrypt(&new, GCM, b"content", &key), Err(error), "{header}");
    }
    let agreeing = jwe::NewHeader::from_json(br#"{"alg":"A256KW","enc":"A256GCM","kid":"other"}"#).unwrap();
    assert!(jwe::encrypt(&agreeing, GCM, b"content", &key).is_ok());
}

#[test]
fn no_key_or_content_is_printed() {
    for (encryption, key) in every_combination() {
        let token = encrypt(b"content", encryption, &key);
        let decrypted = decrypter(&key, encryption).decrypt(&token, &key.clone().into()).unwrap();
        let printed = format!("{decrypted:?} {:?} {:?}", key, key.encryption_key().unwrap());
        let jwk: Value = serde_json::from_str(&key.to_jwk()).unwrap();
        for name in ["k", "d", "p", "q"] {
            if let Some(secret) = jwk.get(name).and_then(Value::as_str) {
                assert!(!printed.contains(secret));
            }
        }
        assert!(!printed.contains("content\"") && !printed.contains("99, 111, 110"), "{printed}");
    }
}
