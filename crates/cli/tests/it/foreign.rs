//! Two real authorities: a guard follows one of them and trusts the other one too.

use serde_json::json;

use crate::browser::{Browser, VERIFIER};
use crate::harness::{Authority, Guard, claims, text, wait_for};

/// A guard of `home` that accepts tokens of `idp`.
fn guard_of_both(home: &Authority, idp: &Authority) -> Guard {
    let lines = format!(
        "[[issuers]]\nissuer = \"{}\"\nrevocations_from = \"{}\"\nca_file = \"{}\"\n",
        idp.issuer(),
        home.issuer(),
        idp.data("ca.pem").display()
    );
    Guard::start_with(home, &lines)
}

fn user_token(authority: &Authority) -> String {
    let code = Browser::new(authority).log_in();
    text(&authority.redeem(&code, VERIFIER).json(), "/access_token").to_owned()
}

/// Status and code; the keys of the other issuer may still be on their way.
fn verdict(guard: &Guard, token: &str) -> (u16, String) {
    let answer = guard.verify(token);
    (answer.status, answer.code())
}

fn revoked(level: &str) -> (u16, String) {
    (401, format!("revoked.{level}"))
}

#[test]
fn the_authority_revokes_what_another_issuer_has_issued() {
    let (mut home, idp) = (Authority::start(), Authority::start());
    let guard = guard_of_both(&home, &idp);
    let tokens: Vec<_> = (0..2).map(|_| idp.service_token()).collect();
    wait_for("the other issuer's keys", || verdict(&guard, &tokens[0]).0 == 200);
    let answer = guard.verify(&tokens[0]);
    assert_eq!(answer.header("x-auth-issuer"), idp.issuer());
    assert_eq!(verdict(&guard, &home.service_token()).0, 200);
    let user = user_token(&idp);
    assert_eq!(verdict(&guard, &user).0, 200, "its status list is fetched for it");
    let revoke = |what: &str, id: &str| {
        let answer = home.admin_json(&["revoke", what, id, "--issuer", &idp.issuer()]);
        assert_eq!((text(&answer, "/level"), &answer["guards"]["enforcing"]), ("enforced", &json!(1)), "{answer}");
    };
    revoke("token", text(&claims(&tokens[0]), "/jti"));
    assert_eq!(verdict(&guard, &tokens[0]), revoked("token"));
    assert_eq!(verdict(&guard, &tokens[1]).0, 200);
    revoke("session", text(&claims(&user), "/sid"));
    assert_eq!(verdict(&guard, &user), revoked("session"));
    revoke("client", text(&claims(&tokens[1]), "/client_id"));
    assert_eq!(verdict(&guard, &tokens[1]), revoked("client"));
    assert_eq!(verdict(&guard, &home.service_token()).0, 200, "a client of the same name at the authority itself");
    let other = user_token(&idp);
    assert_eq!(verdict(&guard, &other).0, 200);
    let answer = home.admin_json(&["revoke", "everything", "--issuer", &idp.issuer()]);
    assert_eq!(text(&answer, "/level"), "enforced");
    assert_eq!(verdict(&guard, &other), revoked("everything"));
    // A second later it may issue again, and what it issues counts only while the authority can say that it is dead.
    let mut fresh = user_token(&idp);
    wait_for("a token of the next second", || {
        fresh = user_token(&idp);
        verdict(&guard, &fresh).0 == 200
    });
    home.process.kill();
    wait_for("the lease to end", || verdict(&guard, &fresh) == (503, "replica.stale".into()));
}

#[test]
fn another_issuers_own_status_list_is_asked() {
    let (home, idp) = (Authority::start(), Authority::start());
    let guard = guard_of_both(&home, &idp);
    let (dead, live) = (user_token(&idp), user_token(&idp));
    idp.admin_json(&["revoke", "session", text(&claims(&dead), "/sid")]);
    wait_for("the other issuer's keys", || verdict(&guard, &live).0 == 200);
    assert_eq!(verdict(&guard, &dead), revoked("status_list"));
    assert!(!guard.log().contains("can't be fetched"), "{}", guard.log());
}

#[test]
fn a_status_list_that_can_not_be_fetched_makes_its_tokens_wait() {
    let (home, mut idp) = (Authority::start(), Authority::start());
    let guard = guard_of_both(&home, &idp);
    let service = idp.service_token();
    wait_for("the other issuer's keys", || verdict(&guard, &service).0 == 200);
    let user = user_token(&idp);
    idp.process.kill();
    assert_eq!(verdict(&guard, &user), (503, "status_list.unreachable".into()));
    assert_eq!(verdict(&guard, &service).0, 200, "a token without a list needs none");
}
