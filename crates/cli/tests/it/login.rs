//! Users: log in, refresh, be revoked.

use crate::browser::{Browser, VERIFIER};
use crate::harness::{Authority, Guard, claims, text};

#[test]
fn a_user_logs_in_and_is_who_the_guard_says_until_the_session_is_revoked() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let code = Browser::new(&authority).log_in();
    let tokens = authority.redeem(&code, VERIFIER).json();
    let (access, refresh) = (text(&tokens, "/access_token"), text(&tokens, "/refresh_token"));
    let claims_ = claims(access);
    let (subject, session) = (text(&claims_, "/sub"), text(&claims_, "/sid"));
    let answer = guard.verify(access);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((answer.header("x-auth-subject"), answer.header("x-auth-session")), (subject, session));

    // The session is in the administrator's list, and a refreshed token belongs to it.
    let sessions = authority.admin_json(&["sessions", subject]);
    assert_eq!(text(&sessions, "/sessions/0/sid"), session);
    let refreshed = authority.refresh(refresh).json();
    assert_eq!(guard.verify(text(&refreshed, "/access_token")).header("x-auth-session"), session);

    let answer = authority.admin_json(&["revoke", "session", session]);
    assert_eq!(text(&answer, "/level"), "enforced");
    for token in [access, text(&refreshed, "/access_token")] {
        assert_eq!(guard.verify(token).code(), "revoked.session");
    }
    assert_eq!(authority.refresh(text(&refreshed, "/refresh_token")).error(), (400, "invalid_grant".to_owned()));
    assert!(authority.admin_json(&["sessions", subject])["sessions"].as_array().unwrap().is_empty());
}

#[test]
fn another_session_of_the_same_user_lives_on() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let log_in = || {
        let code = Browser::new(&authority).log_in();
        text(&authority.redeem(&code, VERIFIER).json(), "/access_token").to_owned()
    };
    let (laptop, phone) = (log_in(), log_in());
    authority.admin_json(&["revoke", "session", text(&claims(&laptop), "/sid")]);
    assert_eq!(guard.verify(&laptop).code(), "revoked.session");
    assert_eq!(guard.verify(&phone).status, 200);
    authority.admin_json(&["revoke", "subject", text(&claims(&phone), "/sub")]);
    assert_eq!(guard.verify(&phone).code(), "revoked.subject");
    assert_eq!(guard.verify(&log_in()).status, 200, "the user may log in again at once");
}

#[test]
fn a_revoked_session_is_over_in_the_browser_too() {
    let authority = Authority::start();
    let mut browser = Browser::new(&authority);
    let code = browser.log_in();
    let access = text(&authority.redeem(&code, VERIFIER).json(), "/access_token").to_owned();
    // The browser is known: no login page comes between.
    let url = browser.authorize_url();
    assert_eq!(browser.open(&url).status, 303);
    authority.admin_json(&["revoke", "session", text(&claims(&access), "/sid")]);
    let page = browser.open(&url);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("name=\"password\""), "{page:?}");
}

#[test]
fn a_session_revoked_right_before_the_kill_is_dead_after_it() {
    let mut authority = Authority::start();
    let code = Browser::new(&authority).log_in();
    let tokens = authority.redeem(&code, VERIFIER).json();
    let access = text(&tokens, "/access_token");
    authority.admin_json(&["revoke", "session", text(&claims(access), "/sid"), "--level", "durable"]);
    authority.process.kill();
    authority.restart();
    let guard = Guard::start(&authority);
    assert_eq!(guard.verify(access).code(), "revoked.session");
    assert_eq!(authority.refresh(text(&tokens, "/refresh_token")).error(), (400, "invalid_grant".to_owned()));
}

#[test]
fn a_reused_refresh_token_kills_its_grant_at_every_guard() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let code = Browser::new(&authority).log_in();
    let tokens = authority.redeem(&code, VERIFIER).json();
    let first = text(&tokens, "/refresh_token").to_owned();
    let second = text(&authority.refresh(&first).json(), "/refresh_token").to_owned();
    let third = authority.refresh(&second).json();
    // Two rotations later the first one is no repetition any more: somebody else has it.
    assert_eq!(authority.refresh(&first).error(), (400, "invalid_grant".to_owned()));
    let newest = text(&third, "/access_token");
    crate::harness::wait_for("the guard to hear of it", || guard.verify(newest).status == 401);
    assert_eq!(guard.verify(newest).code(), "revoked.family");
    assert_eq!(authority.refresh(text(&third, "/refresh_token")).error(), (400, "invalid_grant".to_owned()));
}
