//! The named kinds of tokens: each with a good one, and what must not pass for it.

use std::time::Duration;

use probity_jose::{Error, JwkSet, SignatureAlgorithm, SigningKey, UnixTime, jws, jwt};
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;
const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::Ed25519;

/// Signs claims with changes; null takes one away.
fn token(key: &SigningKey, typ: Option<&str>, claims: &Value, changes: &Value) -> String {
    let mut claims = claims.as_object().unwrap().clone();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.clone(), value.clone());
        }
    }
    let header = jws::NewHeader { typ: typ.map(str::to_owned), ..jws::NewHeader::default() };
    jws::sign(&header, Value::from(claims).to_string().as_bytes(), key).unwrap()
}

/// Checks the good token of a profile and its flawed ones.
fn check(verifier: &jwt::Verifier, types: &[Option<&str>], claims: &Value, flaws: &[(Value, Error)]) {
    let key = SigningKey::generate(ALGORITHM).unwrap();
    let keys = JwkSet::from(key.verifying_key().unwrap());
    let outcome = |typ: Option<&str>, changes: &Value| {
        let token = token(&key, typ, claims, changes);
        let outcome = verifier.verify::<Value>(&token, &keys, UnixTime::from_secs(NOW)).map(|_| ());
        assert_eq!(verifier.explain(&token, &keys, UnixTime::from_secs(NOW)).outcome(), outcome);
        outcome
    };
    for typ in types {
        assert_eq!(outcome(*typ, &json!({})), Ok(()), "{typ:?}");
    }
    for typ in [None, Some("JWT"), Some("at+jwt"), Some("dpop+jwt"), Some("other")] {
        if !types.contains(&typ) {
            assert_eq!(outcome(typ, &json!({})), Err(Error::WrongType), "{typ:?}");
        }
    }
    for (changes, expected) in flaws {
        assert_eq!(outcome(types[0], changes), Err(*expected), "{changes}");
    }
}

#[test]
fn logout_tokens() {
    const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
    let verifier = jwt::Verifier::logout_token().issuer("https://op.example").audience("web").algorithms([ALGORITHM]);
    let claims = json!({
        "iss": "https://op.example", "aud": "web", "iat": NOW, "exp": NOW + 60, "jti": "1", "sid": "s", "sub": "alice",
        "events": {EVENT: {}},
    });
    check(
        &verifier,
        &[Some("logout+jwt"), Some("application/logout+jwt")],
        &claims,
        &[
            (json!({"nonce": "n"}), Error::ClaimForbidden),
            (json!({"sub": null, "sid": null}), Error::ClaimMissing),
            (json!({"sid": 1}), Error::ClaimMalformed),
            (json!({"events": null}), Error::ClaimMissing),
            (json!({"events": {}}), Error::ClaimMissing),
            (json!({"events": [EVENT]}), Error::ClaimMalformed),
            (json!({"events": {EVENT: "x"}}), Error::ClaimMalformed),
            (json!({"jti": null}), Error::ClaimMissing),
            (json!({"exp": NOW}), Error::Expired),
        ],
    );
    // One of them is enough.
    let key = SigningKey::generate(ALGORITHM).unwrap();
    let keys = JwkSet::from(key.verifying_key().unwrap());
    for changes in [json!({"sub": null}), json!({"sid": null})] {
        let token = token(&key, Some("logout+jwt"), &claims, &changes);
        assert!(verifier.verify::<Value>(&token, &keys, UnixTime::from_secs(NOW)).is_ok());
    }
}

#[test]
fn client_assertions() {
    let verifier = jwt::Verifier::client_assertion()
        .issuer("client-1")
        .only_audience("https://as.example")
        .algorithms([ALGORITHM]);
    let claims = json!({
        "iss": "client-1", "sub": "client-1", "aud": "https://as.example", "exp": NOW + 60, "jti": "1",
    });
    check(
        &verifier,
        &[Some("client-authentication+jwt"), Some("JWT"), None],
        &claims,
        &[
            (json!({"sub": "client-2"}), Error::ClaimForbidden),
            (json!({"sub": null}), Error::ClaimMissing),
            (json!({"iss": "client-2"}), Error::WrongIssuer),
            (json!({"aud": ["https://as.example", "https://victim.example"]}), Error::WrongAudience),
            (json!({"aud": "https://as.example/token"}), Error::WrongAudience),
            (json!({"jti": null}), Error::ClaimMissing),
            (json!({"exp": null}), Error::ClaimMissing),
        ],
    );
}

#[test]
fn request_objects() {
    let verifier =
        jwt::Verifier::request_object().issuer("client-1").audience("https://as.example").algorithms([ALGORITHM]);
    let claims = json!({
        "iss": "client-1", "client_id": "client-1", "aud": "https://as.example", "exp": NOW + 60,
        "response_type": "code",
    });
    check(
        &verifier,
        &[Some("oauth-authz-req+jwt"), Some("JWT"), None],
        &claims,
        &[
            (json!({"client_id": "client-2"}), Error::ClaimForbidden),
            (json!({"client_id": null}), Error::ClaimMissing),
            (json!({"client_id": 1}), Error::ClaimMalformed),
            (json!({"request": "x"}), Error::ClaimForbidden),
            (json!({"request_uri": "x"}), Error::ClaimForbidden),
            (json!({"sub": "client-1"}), Error::ClaimForbidden),
        ],
    );
}

#[test]
fn id_tokens() {
    let key = SigningKey::generate(ALGORITHM).unwrap();
    let keys = JwkSet::from(key.verifying_key().unwrap());
    let verifier = jwt::IdTokenVerifier::new("https://op.example", "web", [ALGORITHM]);
    let claims = json!({
        "iss": "https://op.example", "aud": "web", "sub": "alice", "iat": NOW, "exp": NOW + 60, "nonce": "n",
    });
    let outcome = |typ, changes: Value, nonce| {
        let token = token(&key, typ, &claims, &changes);
        verifier.verify::<Value>(&token, &keys, UnixTime::from_secs(NOW), nonce).map(|_| ())
    };
    let good = |changes| outcome(Some("JWT"), changes, Some("n"));
    assert_eq!(good(json!({})), Ok(()));
    assert_eq!(outcome(None, json!({}), Some("n")), Ok(()));
    assert_eq!(good(json!({"azp": "web"})), Ok(()));
    assert_eq!(good(json!({"aud": ["web", "other"], "azp": "web"})), Ok(()));
    assert_eq!(outcome(None, json!({"nonce": null}), None), Ok(()));
    assert_eq!(good(json!({"aud": ["web", "other"]})), Err(Error::WrongAudience));
    assert_eq!(good(json!({"azp": "other"})), Err(Error::WrongAudience));
    assert_eq!(good(json!({"azp": 1})), Err(Error::ClaimMalformed));
    assert_eq!(good(json!({"nonce": "m"})), Err(Error::WrongNonce));
    assert_eq!(good(json!({"nonce": null})), Err(Error::WrongNonce));
    assert_eq!(outcome(None, json!({}), None), Err(Error::WrongNonce));
    assert_eq!(good(json!({"sub": null})), Err(Error::ClaimMissing));
    assert_eq!(outcome(Some("at+jwt"), json!({}), Some("n")), Err(Error::WrongType));
}

#[test]
fn dpop_proofs() {
    let key = SigningKey::generate(ALGORITHM).unwrap();
    let jwk: Value = serde_json::from_str(&key.public_jwk().unwrap()).unwrap();
    let private: Value = serde_json::from_str(&key.to_jwk()).unwrap();
    // RFC 9449 section 7.1: ath is the hash of the access token.
    let claims = json!({
        "jti": "1", "htm": "GET", "htu": "https://api.example/orders", "iat": NOW,
        "ath": "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg", "nonce": "n",
    });
    let verifier = jwt::DpopVerifier::new([ALGORITHM, SignatureAlgorithm::Hs256]);
    let request = jwt::DpopRequest {
        method: "GET",
        uri: "https://api.example/orders?page=2",
        access_token: Some("test"),
        nonce: Some("n"),
    };
    let proof = |header: Value, changes: Value| {
        let mut claims = claims.clone();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let mut header = header;
        header["typ"] = header.get("typ").cloned().unwrap_or_else(|| "dpop+jwt".into());
        let header = jws::NewHeader::from_json(header.to_string().as_bytes()).unwrap();
        jws::sign(&header, claims.to_string().as_bytes(), &key).unwrap()
    };
    let at = |proof: &str, now| verifier.verify(proof, &request, UnixTime::from_secs(now));
    let good = proof(json!({"jwk": jwk}), json!({}));
    let accepted = at(&good, NOW).unwrap();
    assert_eq!(accepted.thumbprint(), key.thumbprint());
    assert_eq!((accepted.id(), accepted.issued()), ("1", UnixTime::from_secs(NOW)));
    assert!(at(&good, NOW + 60).is_ok());
    assert_eq!(at(&good, NOW + 61), Err(Error::TooOld));
    assert_eq!(at(&good, NOW - 1), Err(Error::IssuedInFuture));
    let mut wider = verifier.clone();
    wider.policy.max_age = Some(Duration::from_mins(5));
    assert!(wider.verify(&good, &request, UnixTime::from_secs(NOW + 300)).is_ok());

    let other = SigningKey::generate(ALGORITHM).unwrap().public_jwk().unwrap();
    let other: Value = serde_json::from_str(&other).unwrap();
    for (header, changes, expected) in [
        (json!({"jwk": private}), json!({}), Error::HeaderMalformed),
        (json!({"jwk": other}), json!({}), Error::BadSignature),
        (json!({}), json!({}), Error::HeaderMalformed),
        (json!({"jwk": "x"}), json!({}), Error::HeaderMalformed),
        (
            json!({"jwk": {"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}),
            json!({}),
            Error::HeaderMalformed,
        ),
        (json!({"jwk": jwk, "typ": "JWT"}), json!({}), Error::WrongType),
        (json!({"jwk": jwk}), json!({"htm": "get"}), Error::WrongRequest),
        (json!({"jwk": jwk}), json!({"htm": "POST"}), Error::WrongRequest),
        (json!({"jwk": jwk}), json!({"htu": "https://api.example/other"}), Error::WrongRequest),
        (json!({"jwk": jwk}), json!({"htu": 1}), Error::ClaimMalformed),
        (json!({"jwk": jwk}), json!({"nonce": "m"}), Error::WrongNonce),
        (json!({"jwk": jwk}), json!({"ath": "x"}), Error::WrongAccessToken),
    ] {
        assert_eq!(at(&proof(header.clone(), changes.clone()), NOW), Err(expected), "{header} {changes}");
    }
}

#[test]
fn a_proof_signed_with_a_shared_secret_is_refused_whatever_is_allowed() {
    let key = SigningKey::generate(SignatureAlgorithm::Hs256).unwrap();
    let jwk: Value = serde_json::from_str(&key.to_jwk()).unwrap();
    let header = json!({"typ": "dpop+jwt", "jwk": jwk}).to_string();
    let header = jws::NewHeader::from_json(header.as_bytes()).unwrap();
    let claims = json!({"jti": "1", "htm": "GET", "htu": "https://api.example/", "iat": NOW}).to_string();
    let proof = jws::sign(&header, claims.as_bytes(), &key).unwrap();
    let request = jwt::DpopRequest { method: "GET", uri: "https://api.example/", access_token: None, nonce: None };
    let verifier = jwt::DpopVerifier::new(SignatureAlgorithm::ALL.iter().copied());
    assert_eq!(verifier.verify(&proof, &request, UnixTime::from_secs(NOW)), Err(Error::HeaderMalformed));
}
