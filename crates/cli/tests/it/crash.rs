//! Killed processes: nothing acknowledged is lost, and nothing is accepted by who can't know.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::harness::{Authority, Guard, PROBITY, claims, text, wait_for};

#[test]
fn a_revocation_that_was_acknowledged_survives_the_authoritys_sudden_death() {
    let mut authority = Authority::start();
    let mut guard = Guard::start(&authority);
    let token = authority.service_token();
    let jti = text(&claims(&token), "/jti").to_owned();
    for level in ["durable", "enforced"] {
        authority.admin_json(&["revoke", "token", &jti, "--level", level]);
    }
    authority.process.kill();
    guard.process.kill();
    authority.restart();
    // A fresh guard knows only what the restarted authority tells it.
    let fresh = Guard::start_unready(&authority, "fresh");
    fresh.wait_until_ready();
    assert_eq!(fresh.verify(&token).code(), "revoked.token");
    assert_eq!(fresh.verify(&authority.service_token()).status, 200);
}

#[test]
fn many_durable_revocations_right_before_the_kill_are_all_there_after_it() {
    let mut authority = Authority::start();
    let client = authority.client();
    let (id, secret) = authority.service();
    let mut acknowledged = Vec::new();
    for _ in 0..30 {
        let token = authority.service_token();
        let form = [("token", token.as_str()), ("level", "durable")];
        let answer = client.send(client.post("/revoke").basic_auth(id, Some(secret)).form(&form));
        assert_eq!(answer.status, 200, "{answer:?}");
        acknowledged.push(token);
    }
    authority.process.kill();
    authority.restart();
    let guard = Guard::start(&authority);
    for token in acknowledged {
        assert_eq!(guard.verify(&token).code(), "revoked.token");
    }
}

#[test]
fn a_restarted_guard_accepts_nothing_until_it_is_current() {
    let mut authority = Authority::start();
    let mut guard = Guard::start(&authority);
    let token = authority.service_token();
    assert_eq!(guard.verify(&token).status, 200);
    guard.process.kill();
    authority.process.kill();
    let restarted = Guard::start_unready(&authority, "restarted");
    for _ in 0..20 {
        let answer = restarted.verify(&token);
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(!answer.header("retry-after").is_empty());
        assert_eq!(answer.header("www-authenticate"), "", "the token is not at fault");
    }
    assert_eq!(restarted.get("/readyz", &[]).status, 503);
    authority.restart();
    restarted.wait_until_ready();
    assert_eq!(restarted.verify(&token).status, 200);
}

#[test]
fn a_guard_without_its_authority_accepts_until_the_lease_ends_and_then_says_503() {
    let mut authority = Authority::start();
    let guard = Guard::start(&authority);
    let token = authority.service_token();
    assert_eq!(guard.verify(&token).status, 200);
    authority.process.kill();
    let stale = wait_for("the lease to end", || guard.verify(&token).status == 503);
    assert!(stale < Duration::from_secs(5), "{stale:?}");
    assert_eq!(guard.verify("garbage").status, 401, "a bad token is refused as such");
    authority.restart();
    guard.wait_until_ready();
    assert_eq!(guard.verify(&token).status, 200);
}

#[test]
fn a_guard_keeps_what_it_knows_over_the_authoritys_restart() {
    let mut authority = Authority::start();
    let guard = Guard::start(&authority);
    let (dead, alive) = (authority.service_token(), authority.service_token());
    authority.admin_json(&["revoke", "token", text(&claims(&dead), "/jti")]);
    authority.process.kill();
    authority.restart();
    wait_for("the guard to follow the new term", || guard.verify(&alive).status == 200);
    assert_eq!(guard.verify(&dead).status, 401);
    // The first enforced answer of the new life waits for leases of the old one.
    let answer = authority.admin_json(&["revoke", "token", text(&claims(&alive), "/jti")]);
    assert_eq!(answer["guards"]["enforcing"], 1, "{answer}");
    assert_eq!(guard.verify(&alive).status, 401);
}

#[test]
fn sigterm_stops_both_without_an_error() {
    let mut authority = Authority::start();
    let mut guard = Guard::start(&authority);
    assert!(guard.process.terminate().success());
    assert!(authority.process.terminate().success());
}

#[test]
fn a_restarted_guard_at_no_moment_accepts_what_was_revoked_before() {
    let authority = Authority::start();
    let mut guard = Guard::start(&authority);
    let (dead, alive) = (authority.service_token(), authority.service_token());
    authority.admin_json(&["revoke", "token", text(&claims(&dead), "/jti")]);
    guard.process.kill();
    let restarted = Guard::start_unready(&authority, "restarted");
    wait_for("the guard to be ready", || {
        let answer = restarted.verify(&dead);
        assert!([401, 503].contains(&answer.status), "{answer:?}");
        restarted.verify(&alive).status == 200
    });
    assert_eq!(restarted.verify(&dead).code(), "revoked.token");
}

#[test]
fn a_guard_that_has_the_keys_but_may_not_follow_revocations_accepts_nothing() {
    let authority = Authority::start();
    let token = authority.service_token();
    let unknown = authority.folder.path().join("unknown.credential");
    // Of the right form, and nobody's.
    std::fs::write(&unknown, "pgc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgQwRnw").unwrap();
    let guard = Guard::spawn(&authority, "unknown", &unknown);
    wait_for("the guard to have the keys", || guard.verify(&token).code() == "replica.stale");
    let answer = guard.verify(&token);
    assert_eq!((answer.status, answer.header("www-authenticate")), (503, ""), "{answer:?}");
    assert_eq!(
        guard.verify(&format!("{token}x")).status,
        401,
        "it has the keys, so that a bad token is refused as such"
    );
}

#[test]
fn a_store_that_was_emptied_is_refused_and_not_begun_anew() {
    let mut authority = Authority::start();
    authority.process.kill();
    let store = authority.data("store");
    fs::write(store.join("probity.db"), "").unwrap();
    fs::remove_file(store.join("probity.db-wal")).unwrap();
    let started = Command::new(PROBITY).args(["serve", "--dev", "--data"]).arg(authority.data("")).output().unwrap();
    let said = String::from_utf8_lossy(&started.stderr);
    assert_eq!(started.status.code(), Some(1), "{said}");
    assert!(said.contains("the store has forgotten revocations") && said.contains("probity.witness"), "{said}");
}
