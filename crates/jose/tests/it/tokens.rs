//! Tokens with claims.

use std::time::Duration;

use probity_jose::{Error, JwkSet, SignatureAlgorithm, SigningKey, UnixTime, jwt};
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;

fn verifier() -> jwt::Verifier {
    jwt::Verifier::access_token()
        .issuer("https://as.example")
        .audience("https://api.example")
        .algorithms([SignatureAlgorithm::Hs256])
}

fn claims(changes: Value) -> Value {
    let mut claims = json!({
        "iss": "https://as.example", "aud": "https://api.example", "sub": "alice", "client_id": "web",
        "iat": NOW, "exp": NOW + 300, "jti": "1",
    });
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    for (name, value) in changes {
        // Null takes a claim away.
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(&name);
        } else {
            claims[name] = value;
        }
    }
    claims
}

fn outcome_at(verifier: &jwt::Verifier, typ: &str, claims: &Value, now: u64) -> Result<(), Error> {
    let key = SigningKey::from_secret(SignatureAlgorithm::Hs256, &[7; 32]).unwrap();
    let token = jwt::sign(typ, claims, &key).unwrap();
    let keys = JwkSet::from(key.verifying_key().unwrap());
    verifier.verify::<Value>(&token, &keys, UnixTime::from_secs(now)).map(|verified| {
        assert_eq!(verified.claims(), claims);
    })
}

fn outcome(changes: Value) -> Result<(), Error> {
    outcome_at(&verifier(), "at+jwt", &claims(changes), NOW)
}

#[test]
fn a_good_token_is_accepted_and_each_flaw_has_its_own_error() {
    assert_eq!(outcome(json!({})), Ok(()));
    assert_eq!(outcome(json!({"aud": ["https://other.example", "https://api.example"]})), Ok(()));
    for (changes, expected) in [
        (json!({"iss": "https://as.example/"}), Error::WrongIssuer),
        (json!({"iss": "https://evil.example"}), Error::WrongIssuer),
        (json!({"iss": null}), Error::WrongIssuer),
        (json!({"iss": ["https://as.example"]}), Error::ClaimMalformed),
        (json!({"aud": "https://api.example.evil"}), Error::WrongAudience),
        (json!({"aud": "https://api"}), Error::WrongAudience),
        (json!({"aud": ["https://other.example"]}), Error::WrongAudience),
        (json!({"aud": null}), Error::WrongAudience),
        (json!({"aud": []}), Error::ClaimMalformed),
        (json!({"aud": {"0": "https://api.example"}}), Error::ClaimMalformed),
        (json!({"exp": NOW}), Error::Expired),
        (json!({"exp": 0}), Error::Expired),
        (json!({"exp": (NOW + 300).to_string()}), Error::DateMalformed),
        (json!({"exp": null}), Error::ClaimMissing),
        (json!({"nbf": NOW + 1}), Error::NotYetValid),
        (json!({"nbf": "0"}), Error::DateMalformed),
        (json!({"iat": NOW + 1}), Error::IssuedInFuture),
        (json!({"iat": null}), Error::ClaimMissing),
        (json!({"sub": null}), Error::ClaimMissing),
        (json!({"client_id": null}), Error::ClaimMissing),
        (json!({"jti": null}), Error::ClaimMissing),
        (json!({"aud": vec!["https://api.example"; 65]}), Error::TooManyAudiences),
    ] {
        assert_eq!(outcome(changes.clone()), Err(expected), "{changes}");
    }
}

#[test]
fn another_type_of_token_is_refused() {
    for typ in ["JWT", "id+jwt", "dpop+jwt", ""] {
        assert_eq!(outcome_at(&verifier(), typ, &claims(json!({})), NOW), Err(Error::WrongType), "{typ}");
    }
    assert_eq!(outcome_at(&verifier(), "application/at+jwt", &claims(json!({})), NOW), Ok(()));
}

#[test]
fn time_is_exact_to_the_second_unless_a_leeway_is_set() {
    let claims = claims(json!({"nbf": NOW}));
    let at = |verifier: &jwt::Verifier, now| outcome_at(verifier, "at+jwt", &claims, now);
    let strict = verifier();
    assert_eq!(at(&strict, NOW + 299), Ok(()));
    assert_eq!(at(&strict, NOW + 300), Err(Error::Expired));
    assert_eq!(at(&strict, NOW - 1), Err(Error::NotYetValid));
    let mut lenient = verifier();
    lenient.leeway = Duration::from_secs(30);
    assert_eq!(at(&lenient, NOW + 329), Ok(()));
    assert_eq!(at(&lenient, NOW + 330), Err(Error::Expired));
    assert_eq!(at(&lenient, NOW - 30), Ok(()));
    assert_eq!(at(&lenient, NOW - 31), Err(Error::NotYetValid));
    let mut short = verifier();
    short.max_age = Some(Duration::from_mins(1));
    assert_eq!(at(&short, NOW + 60), Ok(()));
    assert_eq!(at(&short, NOW + 61), Err(Error::TooOld));
}

#[test]
fn a_forged_token_says_nothing_about_its_claims() {
    let key = SigningKey::from_secret(SignatureAlgorithm::Hs256, &[7; 32]).unwrap();
    let other = SigningKey::from_secret(SignatureAlgorithm::Hs256, &[8; 32]).unwrap();
    let expired = jwt::sign("JWT", &claims(json!({"exp": 1, "iss": "x"})), &other).unwrap();
    let keys = JwkSet::from(key.verifying_key().unwrap());
    let outcome = verifier().verify::<Value>(&expired, &keys, UnixTime::from_secs(NOW));
    assert_eq!(outcome.unwrap_err(), Error::BadSignature);
}

#[test]
fn claims_are_read_into_the_callers_type_and_a_mismatch_is_named() {
    #[derive(serde::Deserialize)]
    struct Claims {
        scope: String,
    }
    let key = SigningKey::from_secret(SignatureAlgorithm::Hs256, &[7; 32]).unwrap();
    let keys = JwkSet::from(key.verifying_key().unwrap());
    let read = |changes| {
        let token = jwt::sign("at+jwt", &claims(changes), &key).unwrap();
        let verified = verifier().verify::<Claims>(&token, &keys, UnixTime::from_secs(NOW));
        verified.map(|verified| verified.into_claims().scope)
    };
    assert_eq!(read(json!({"scope": "read"})), Ok("read".to_owned()));
    assert_eq!(read(json!({"scope": 1})), Err(Error::ClaimsMismatch));
    assert_eq!(read(json!({})), Err(Error::ClaimsMismatch));
}

#[test]
fn a_large_token_is_refused_before_it_is_read() {
    assert_eq!(outcome(json!({"filler": "x".repeat(20_000)})), Err(Error::TokenTooLarge));
}

#[test]
fn only_objects_are_signed_as_claims() {
    let key = SigningKey::from_secret(SignatureAlgorithm::Hs256, &[7; 32]).unwrap();
    for value in [json!([]), json!("x"), json!(null), json!(1)] {
        assert_eq!(jwt::sign("JWT", &value, &key), Err(Error::Serialize));
    }
}

#[test]
fn an_unverified_look_shows_whose_token_it_claims_to_be() {
    let key = SigningKey::from_secret(SignatureAlgorithm::Hs256, &[7; 32]).unwrap().with_key_id("k1");
    let token = jwt::sign("JWT", &json!({"iss": "https://as.example"}), &key).unwrap();
    let unverified = jwt::Unverified::parse(&token).unwrap();
    assert_eq!(unverified.issuer(), Some("https://as.example"));
    assert_eq!(unverified.header().key_id(), Some("k1"));
    assert_eq!(unverified.header().algorithm(), SignatureAlgorithm::Hs256);
}

#[test]
fn a_keys_header_follows_its_type_and_its_name() {
    let key = SigningKey::from_secret(SignatureAlgorithm::Hs256, &[7; 32]).unwrap().with_key_id("a");
    let header = |token: &str| jwt::Unverified::parse(token).unwrap().header().protected().to_owned();
    let sign = |typ, key: &SigningKey| header(&jwt::sign(typ, &json!({}), key).unwrap());
    for _ in 0..2 {
        assert_eq!(sign("at+jwt", &key), r#"{"alg":"HS256","typ":"at+jwt","kid":"a"}"#);
        assert_eq!(sign("x+jwt", &key), r#"{"alg":"HS256","typ":"x+jwt","kid":"a"}"#);
    }
    assert_eq!(sign("at+jwt", &key.with_key_id("b")), r#"{"alg":"HS256","typ":"at+jwt","kid":"b"}"#);
}

#[test]
fn claims_may_borrow_from_a_buffer_that_is_used_again() {
    #[derive(serde::Deserialize)]
    struct Claims<'b> {
        scope: &'b str,
    }
    let key = SigningKey::from_secret(SignatureAlgorithm::Hs256, &[7; 32]).unwrap();
    let keys = JwkSet::from(key.verifying_key().unwrap());
    let mut buffer = b"something that was there before".to_vec();
    for scope in ["read", "read and write a lot", "x"] {
        let token = jwt::sign("at+jwt", &claims(json!({"scope": scope})), &key).unwrap();
        let policy = verifier();
        let verified = policy.verify_in::<Claims<'_>>(&token, &keys, UnixTime::from_secs(NOW), &mut buffer).unwrap();
        assert_eq!(verified.claims().scope, scope);
        assert_eq!(verified.registered().sub.as_deref(), Some("alice"));
    }
    // A text with escapes is not in the buffer as it is.
    let token = jwt::sign("at+jwt", &claims(json!({"scope": "a\"b"})), &key).unwrap();
    let outcome = verifier().verify_in::<Claims<'_>>(&token, &keys, UnixTime::from_secs(NOW), &mut buffer);
    assert_eq!(outcome.map(|_| ()), Err(Error::ClaimsMismatch));
}
