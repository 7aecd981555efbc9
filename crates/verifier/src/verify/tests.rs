mod foreign;

use probity_jose::SigningKey;
use serde_json::{Value, json};

use super::*;
use crate::revocation::{Action, Enforcer, Revocation, Target};

const ISSUER: &str = "https://as.example";
const AUDIENCE: &str = "https://api.example";
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const LEASE_ENDS: BootTime = BootTime::from_nanos(10_000_000_000);

struct Setting {
    key: Arc<SigningKey>,
    verifier: TokenVerifier,
    enforcer: Enforcer,
}

impl Setting {
    fn new() -> Self {
        Self::with_key(&Arc::new(SigningKey::generate(SignatureAlgorithm::Es256).unwrap()))
    }

    fn with_key(key: &Arc<SigningKey>) -> Self {
        let (replica, lease) = (Arc::new(Replica::new(ISSUER)), Arc::new(Lease::default()));
        let enforcer = Enforcer::new(Arc::clone(&replica), Arc::clone(&lease));
        enforcer.carry_out([Action::Extend(LEASE_ENDS)], |_| {}).unwrap();
        let algorithms = [SignatureAlgorithm::Es256];
        let verifier = TokenVerifier::new(&[AUDIENCE.to_owned()], &algorithms, 100, replica, lease);
        Self { key: Arc::clone(key), verifier, enforcer }
    }

    fn keys(&self) -> JwkSet {
        let jwk = self.key.public_jwk().unwrap();
        JwkSet::parse(format!("{{\"keys\":[{jwk}]}}").as_bytes()).unwrap()
    }

    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "client_id": "app", "jti": "one", "scope": "a b",
            "iat": NOW.as_secs(), "nbf": NOW.as_secs(), "exp": NOW.as_secs() + 300,
        });
        change(&mut claims);
        probity_jose::jwt::sign("at+jwt", &claims, &self.key).unwrap()
    }

    fn check_at(&self, token: &str, wall: UnixTime) -> Result<AccessToken, Rejection> {
        self.verifier.check(token, &self.keys(), wall, BootTime::default)
    }

    /// A token that has been accepted, and is remembered.
    fn remembered(&self) -> String {
        let token = self.token(|_| {});
        self.check_at(&token, NOW).unwrap();
        assert!(self.verifier.cache.find(&token).is_some());
        token
    }
}

fn code(outcome: Result<AccessToken, Rejection>) -> &'static str {
    outcome.map_or_else(|rejection| rejection.code(), |_| "accepted")
}

#[test]
fn a_token_that_comes_again_is_the_remembered_one() {
    let setting = Setting::new();
    let token = setting.remembered();
    let first = setting.check_at(&token, NOW).unwrap();
    let second = setting.check_at(&token, NOW.plus(1)).unwrap();
    assert!(Arc::ptr_eq(&first.0, &second.0));
    assert_eq!((second.subject(), second.client(), second.id()), ("alice", Some("app"), Some("one")));
}

#[test]
fn a_remembered_token_is_refused_outside_its_times_for_the_same_reasons_as_an_unknown_one() {
    let setting = Setting::new();
    let token = setting.remembered();
    for (wall, expected) in [
        (NOW, "accepted"),
        (NOW.plus(299), "accepted"),
        (NOW.plus(300), "jwt.expired"),
        (NOW.plus(9_999), "jwt.expired"),
        (NOW.minus(1), "jwt.not_yet_valid"),
        (NOW.minus(9_999), "jwt.not_yet_valid"),
    ] {
        assert_eq!(code(setting.check_at(&token, wall)), expected, "remembered, {wall:?}");
        let unknown = Setting::with_key(&setting.key);
        assert_eq!(code(unknown.check_at(&token, wall)), expected, "unknown, {wall:?}");
    }
}

#[test]
fn a_remembered_token_is_refused_when_it_is_revoked() {
    let setting = Setting::new();
    let token = setting.remembered();
    let revocation = Revocation::own(Target::Token("one".to_owned()), NOW.plus(300));
    setting.enforcer.carry_out([Action::Apply(Arc::new(revocation))], |_| {}).unwrap();
    assert_eq!(code(setting.check_at(&token, NOW)), "revoked.token");
}

#[test]
fn a_remembered_token_is_refused_when_its_key_is_gone_or_replaced_under_its_name() {
    let setting = Setting::new();
    let token = setting.remembered();
    let check = |keys: &JwkSet| code(setting.verifier.check(&token, keys, NOW, BootTime::default));
    assert_eq!(check(&JwkSet::parse(br#"{"keys":[]}"#).unwrap()), "jws.key_not_found");
    let another = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let mut jwk: Value = serde_json::from_str(&another.public_jwk().unwrap()).unwrap();
    jwk["kid"] = json!(setting.key.key_id());
    let replaced = JwkSet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap();
    assert_ne!(check(&replaced), "accepted");
    assert_eq!(check(&setting.keys()), "accepted", "the same set, fetched anew, changes nothing");
}

#[test]
fn a_remembered_token_is_refused_when_the_lease_is_over() {
    let setting = Setting::new();
    let token = setting.remembered();
    let outcome = setting.verifier.check(&token, &setting.keys(), NOW, || LEASE_ENDS);
    assert_eq!(outcome.unwrap_err(), Rejection::Stale);
    let later = LEASE_ENDS.plus(Duration::from_secs(3));
    let judged = setting.verifier.judge(&token, &setting.keys(), NOW, || later).unwrap();
    assert_eq!(judged.freshness, Freshness::Stale(Some(Duration::from_secs(3))));
}

#[test]
fn a_lease_that_never_was_does_not_say_how_old_the_replica_is() {
    let setting = Setting::new();
    let token = setting.remembered();
    setting.enforcer.carry_out([Action::EndLease], |_| {}).unwrap();
    let judged = setting.verifier.judge(&token, &setting.keys(), NOW, || BootTime::from_nanos(5)).unwrap();
    assert_eq!(judged.freshness, Freshness::Stale(None));
}

#[test]
fn one_changed_byte_anywhere_makes_it_another_token() {
    let setting = Setting::new();
    let token = setting.remembered();
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(setting.verifier.cache.find(&changed).is_none(), "byte {at}");
    }
    assert!(setting.verifier.cache.find(&token[..token.len() - 1]).is_none());
    assert!(setting.verifier.cache.find(&format!("{token}A")).is_none());
}

#[test]
fn a_refused_token_is_not_remembered() {
    let setting = Setting::new();
    let wrong: [fn(&mut Value); 3] = [
        |claims| claims["aud"] = json!("https://elsewhere.example"),
        |claims| claims["exp"] = json!(NOW.as_secs() - 1),
        |claims| claims["status"] = json!({"status_list": {"idx": 1, "uri": "https://evil.example/status-lists/1"}}),
    ];
    for change in wrong {
        let token = setting.token(change);
        assert_ne!(code(setting.check_at(&token, NOW)), "accepted");
        assert!(setting.verifier.cache.find(&token).is_none());
    }
}

#[test]
fn the_memory_is_bounded_and_what_ends_first_makes_room() {
    let setting = Setting::new();
    let cache = TokenCache::new(1);
    let lifetimes = [50_u64, 10, 40, 30, 20, 60];
    let tokens: Vec<AccessToken> = lifetimes
        .iter()
        .map(|seconds| setting.token(|claims| claims["exp"] = json!(NOW.as_secs() + seconds)))
        .map(|token| setting.check_at(&token, NOW).unwrap())
        .collect();
    tokens.iter().for_each(|token| cache.remember(token, NOW));
    let kept = tokens.iter().map(|token| cache.find(token.text()).is_some());
    assert_eq!(kept.collect::<Vec<_>>(), [true, false, true, true, false, true]);
    // What has expired makes room before what has not.
    cache.remember(&tokens[1], NOW.plus(30));
    assert!(cache.find(tokens[1].text()).is_some() && cache.find(tokens[3].text()).is_none());
    let none = TokenCache::new(0);
    none.remember(&tokens[0], NOW);
    assert!(none.find(tokens[0].text()).is_none());
}

#[test]
fn claims_are_those_of_the_payload_and_debug_output_does_not_hold_the_token() {
    let setting = Setting::new();
    let token = setting.token(|claims| claims["tenant"] = json!({"name": "blue"}));
    let access = setting.check_at(&token, NOW).unwrap();
    assert_eq!(access.claim("tenant"), Some(&json!({"name": "blue"})));
    assert_eq!(access.claim("absent"), None);
    let printed = format!("{access:?} {:?}", setting.verifier);
    assert!(printed.contains("alice"));
    token.split('.').for_each(|part| assert!(!printed.contains(part)));
}

#[test]
fn an_issuer_recognises_its_token_again_only_while_key_and_times_are_right() {
    let setting = Setting::new();
    let own = OwnTokens::new(ISSUER, 10);
    let token = setting.token(|claims| claims["aud"] = "https://whoever.example".into());
    let check = |keys: &JwkSet, now: UnixTime| own.verify(&token, keys, now).map(|token| token.text().to_owned());
    let code = |result: Result<String, Rejection>| result.map_err(|rejection| rejection.code());
    for _ in 0..2 {
        assert_eq!(code(check(&setting.keys(), NOW)), Ok(token.clone()));
    }
    assert!(own.cache.find(&token).is_some());
    assert_eq!(code(check(&setting.keys(), NOW.plus(300))), Err("jwt.expired"));
    assert!(check(&Setting::new().keys(), NOW).is_err(), "its key was withdrawn");
    let (rest, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{rest}.{}", "A".repeat(86));
    assert_eq!(own.verify(&forged, &setting.keys(), NOW).unwrap_err().code(), "jws.bad_signature");
}
