//! The main path: issue, accept, revoke, refuse.

use std::thread;
use std::time::Duration;

use crate::harness::{Authority, Guard, claims, text};

/// The identity headers that the guard sets.
const IDENTITY: [&str; 6] =
    ["x-auth-subject", "x-auth-client", "x-auth-scope", "x-auth-session", "x-auth-issuer", "x-auth-token-id"];

#[test]
fn a_token_is_accepted_until_it_is_revoked_and_then_refused_by_every_guard() {
    let authority = Authority::start();
    let guards = [Guard::start(&authority), Guard::start_another(&authority, "second")];
    let (dead, alive) = (authority.service_token(), authority.service_token());
    for guard in &guards {
        let answer = guard.verify(&dead);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("x-auth-client"), authority.service().0);
        IDENTITY.iter().for_each(|name| assert!(answer.headers.iter().any(|(known, _)| known == name), "{name}"));
    }
    let answer = authority.admin_json(&["revoke", "token", text(&claims(&dead), "/jti")]);
    assert_eq!(text(&answer, "/level"), "enforced");
    assert_eq!(answer["guards"]["enforcing"], 2, "{answer}");
    for guard in &guards {
        let refused = guard.verify(&dead);
        assert_eq!((refused.status, refused.code().as_str()), (401, "revoked.token"));
        assert!(refused.header("www-authenticate").contains("error=\"invalid_token\""), "{refused:?}");
        assert_eq!(guard.verify(&alive).status, 200, "another token of the same client lives on");
    }
}

#[test]
fn a_revoked_token_whose_text_was_altered_is_refused_all_the_same() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let token = authority.service_token();
    assert_eq!(guard.verify(&token).status, 200);
    authority.admin_json(&["revoke", "token", text(&claims(&token), "/jti")]);
    let altered = altered(&token);
    assert!(altered.len() > 5);
    for (what, text) in altered {
        let answer = guard.verify(&text);
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
    }
}

/// The same token in other words: what some decoder somewhere would read as the same.
fn altered(token: &str) -> Vec<(&'static str, String)> {
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let mut altered = vec![
        ("as it is", token.to_owned()),
        ("padded", format!("{header}.{payload}.{signature}==")),
        ("header padded", format!("{header}=.{payload}.{signature}")),
        ("standard alphabet", token.replace('-', "+").replace('_', "/")),
        ("one dot more", format!("{token}.")),
        ("the other signature", format!("{header}.{payload}.{}", twin(signature))),
    ];
    // The last character of 64 bytes carries two bits that mean nothing.
    let last = signature.chars().last().unwrap();
    for stray in ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).filter(|c| *c != last) {
        altered.push(("stray bits", format!("{header}.{payload}.{}{stray}", &signature[..signature.len() - 1])));
    }
    altered
}

/// For an ECDSA signature (r, s), (r, n - s) is valid too: whoever has a token can make another text of it.
fn twin(signature: &str) -> String {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
        0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut bytes = probity_jose::base64url::decode(signature).unwrap();
    let mut borrow = 0_i16;
    for at in (0..32).rev() {
        let difference = i16::from(ORDER[at]) - i16::from(bytes[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        bytes[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    probity_jose::base64url::encode(&bytes)
}

#[test]
fn the_other_signature_of_a_live_token_verifies_so_that_the_test_above_means_something() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let token = authority.service_token();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let other = format!("{signed}.{}", twin(signature));
    assert_ne!(other, token);
    assert_eq!(guard.verify(&other).status, 200);
    authority.admin_json(&["revoke", "token", text(&claims(&token), "/jti")]);
    assert_eq!(guard.verify(&other).code(), "revoked.token");
}

#[test]
fn every_level_revokes_what_it_names() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let token = authority.service_token();
    let client = authority.service().0;
    assert_eq!(guard.verify(&token).status, 200);
    authority.admin_json(&["revoke", "client", client]);
    assert_eq!(guard.verify(&token).code(), "revoked.client");
    // The client itself is not disabled: what it is given afterwards is good at once.
    assert_eq!(guard.verify(&authority.service_token()).status, 200);
    let fresh = authority.service_token();
    authority.admin_json(&["revoke", "subject", client]);
    assert_eq!(guard.verify(&fresh).code(), "revoked.subject");
    assert_eq!(guard.verify(&authority.service_token()).status, 200);
}

#[test]
fn a_durable_answer_is_followed_by_enforcement_without_further_asking() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let token = authority.service_token();
    let answer = authority.admin_json(&["revoke", "token", text(&claims(&token), "/jti"), "--level", "durable"]);
    assert_eq!(text(&answer, "/level"), "durable");
    crate::harness::wait_for("the guard to hear of it", || guard.verify(&token).status == 401);
}

#[test]
fn no_call_that_begins_after_the_enforced_answer_is_accepted() {
    let authority = Authority::start();
    let guards = [Guard::start(&authority), Guard::start_another(&authority, "second")];
    for _ in 0..20 {
        let token = authority.service_token();
        assert_eq!(guards[0].verify(&token).status, 200);
        let mut asked_after = 0;
        thread::scope(|scope| {
            let revoking = scope.spawn(|| authority.admin_json(&["revoke", "token", text(&claims(&token), "/jti")]));
            while !revoking.is_finished() {
                guards.iter().for_each(|guard| assert!([200, 401].contains(&guard.verify(&token).status)));
            }
            revoking.join().unwrap();
            for guard in guards.iter().cycle().take(10) {
                assert_eq!(guard.verify(&token).status, 401);
                asked_after += 1;
            }
        });
        assert_eq!(asked_after, 10);
    }
}

#[test]
fn a_guard_that_hangs_is_waited_for_until_its_lease_is_over_and_refuses_when_it_wakes() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let other = Guard::start_another(&authority, "other");
    let token = authority.service_token();
    assert_eq!(guard.verify(&token).status, 200);
    guard.process.signal("STOP");
    let answer = authority.admin_json(&["revoke", "token", text(&claims(&token), "/jti")]);
    assert_eq!(answer["guards"]["enforcing"], 1, "{answer}");
    assert_eq!(answer["guards"]["expired"], serde_json::json!(["guard"]), "{answer}");
    assert!(answer["elapsed_us"].as_u64().unwrap() > 500_000, "the lease had to run out: {answer}");
    assert_eq!(other.verify(&token).status, 401);
    guard.process.signal("CONT");
    // Whatever it knows when it wakes, it accepts nothing that was revoked while it slept.
    for _ in 0..50 {
        let answer = guard.verify(&token);
        assert!([401, 503].contains(&answer.status), "{answer:?}");
        thread::sleep(Duration::from_millis(5));
    }
    guard.wait_until_ready();
    assert_eq!(guard.verify(&token).code(), "revoked.token");
}

#[test]
fn a_token_of_the_new_key_is_accepted_right_after_the_old_key_was_revoked() {
    let authority = Authority::start();
    // It has just fetched the keys, so it would not soon do so for a stranger.
    let guard = Guard::start(&authority);
    let old = authority.service_token();
    assert_eq!(guard.verify(&old).status, 200);
    let header = probity_jose::base64url::decode(old.split('.').next().unwrap()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    authority.admin_json(&["revoke", "key", text(&header, "/kid")]);
    assert_eq!(guard.verify(&old).status, 401);
    let new = guard.verify(&authority.service_token());
    assert_eq!(new.status, 200, "{new:?}");
}
