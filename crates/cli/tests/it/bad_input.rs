//! What no well-behaved client sends: each gets the standard error.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::browser::{Browser, VERIFIER};
use crate::harness::{Authority, Guard, PATIENCE, exchange, text, wait_for};

#[test]
fn the_guard_answers_bad_credentials_with_a_challenge_and_a_code() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let good = authority.service_token();
    assert_eq!(guard.verify(&good).status, 200);

    let ask = |headers: &[(&str, &str)]| guard.get("/verify", headers);
    let nothing = ask(&[]);
    assert_eq!((nothing.status, nothing.code().as_str()), (401, "guard.no_credentials"));
    assert_eq!(nothing.header("www-authenticate"), "Bearer realm=\"probity\"");

    let bearer = format!("Bearer {good}");
    let large = format!("Bearer {}", "a".repeat(20_000));
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[("Authorization", "Bearer garbage")], "invalid_token"),
        (&[("Authorization", "Basic YTpi")], "invalid_request"),
        (&[("Authorization", "Bearer a b")], "invalid_request"),
        (&[("Authorization", &bearer), ("Authorization", &bearer)], "invalid_request"),
        (&[("Authorization", &bearer), ("X-Original-URI", "/x?access_token=y")], "invalid_request"),
        (&[("Authorization", &large)], "invalid_request"),
    ];
    for (headers, error) in cases {
        let answer = ask(headers);
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(answer.header("www-authenticate").contains(&format!("error=\"{error}\"")), "{answer:?}");
        assert!(!answer.code().is_empty(), "{answer:?}");
        assert!(answer.header("x-auth-subject").is_empty());
    }
    let megabyte = guard.verify(&"a".repeat(1 << 20));
    assert_eq!(megabyte.status, 431, "a head of a megabyte is refused before it is read: {megabyte:?}");
    assert_eq!(guard.verify(&good).status, 200, "the guard is none the worse for it");
}

#[test]
fn the_guard_survives_bytes_that_are_no_http() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    for bytes in
        [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GET / HTTP/9.9\r\n\r\n", b"\0\0\0\0\r\n\r\n", b"GET /verify\r\n\r\n"]
    {
        let answer = exchange(guard.port, bytes);
        assert_ne!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(guard.verify(&authority.service_token()).status, 200);
}

#[test]
fn a_client_that_falls_silent_loses_its_connection() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let slow_body = b"POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                      Content-Length: 1000\r\n\r\ngrant_type=";
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let silent: [(&str, &[u8]); 4] =
        [("nothing", b""), ("half a preface", b"PRI *"), ("HTTP/2", PREFACE), ("half a body", slow_body)];
    // All of them wait at the same time.
    std::thread::scope(|scope| {
        for (what, bytes) in silent {
            let (authority, guard) = (&authority, &guard);
            scope.spawn(move || {
                let ended = say_and_wait(authority.tls(), bytes);
                assert!(ended, "the authority keeps a connection on which it was told {what}");
            });
            scope.spawn(move || {
                let stream = TcpStream::connect(("127.0.0.1", guard.port)).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let ended = say_and_wait(stream, bytes);
                assert!(ended, "the guard keeps a connection on which it was told {what}");
            });
        }
    });
}

/// Says something and nothing more; whether the other side ends the connection.
fn say_and_wait(mut stream: impl Read + Write, bytes: &[u8]) -> bool {
    stream.write_all(bytes).unwrap();
    let ended = stream.read_to_end(&mut Vec::new());
    // Only our own patience counts against it.
    !matches!(ended.map_err(|error| error.kind()), Err(ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn every_endpoint_answers_bad_requests_with_the_standard_errors_and_leaves_the_store_as_it_was() {
    let authority = Authority::start();
    let mut browser = Browser::new(&authority);
    let code = browser.log_in();
    let before = authority.store();
    token_requests(&authority);
    revocation_and_introspection(&authority);
    authorization_requests(&mut browser);
    administration(&authority);
    assert_eq!(authority.redeem(&code, &"x".repeat(43)).error(), (400, "invalid_grant".to_owned()));
    assert!(authority.store() == before, "a bad request has changed the store");
    assert_eq!(authority.redeem(&code, VERIFIER).status, 200, "the code is still good");
    assert!(authority.store() != before, "a good request changes it, so that the line above means something");
    logins(&mut browser);
}

fn token_requests(authority: &Authority) {
    let client = authority.client();
    let (id, secret) = authority.service();
    let app = authority.app().0;
    let form = |pairs: &[(&str, &str)]| client.post("/token").basic_auth(id, Some(secret)).form(pairs);
    let own = [("grant_type", "client_credentials")];
    let cases = [
        (form(&[]), 400, "invalid_request"),
        (form(&[("grant_type", "password")]), 400, "unsupported_grant_type"),
        (form(&[("grant_type", "implicit")]), 400, "unsupported_grant_type"),
        (form(&[own[0], ("scope", "no:such")]), 400, "invalid_scope"),
        (form(&[own[0], own[0]]), 400, "invalid_request"),
        (form(&[("grant_type", "refresh_token"), ("refresh_token", "garbage")]), 400, "unauthorized_client"),
        (client.post("/token").basic_auth(id, Some("wrong")).form(&own), 401, "invalid_client"),
        (client.post("/token").basic_auth("nobody", Some("x")).form(&own), 401, "invalid_client"),
        (client.post("/token").form(&own), 401, "invalid_client"),
        (form(&own).header("content-type", "application/json").body("{}"), 400, "invalid_request"),
        (form(&own).body("grant_type=%zz"), 400, "invalid_request"),
        (form(&own).body(vec![0xff, 0xfe]), 400, "invalid_request"),
    ];
    for (at, (request, status, code)) in cases.into_iter().enumerate() {
        let answer = client.send(request);
        assert_eq!(answer.error(), (status, code.to_owned()), "case {at}");
        assert_eq!(answer.header("cache-control"), "no-store", "case {at}");
    }
    for (grant, secret) in [("authorization_code", "code"), ("refresh_token", "refresh_token")] {
        for garbage in ["garbage", "pac_AAAA", "prt_AAAA", ""] {
            let pairs = [("grant_type", grant), ("client_id", app), (secret, garbage)];
            let (status, code) = client.send(client.post("/token").form(&pairs)).error();
            assert!(
                status == 400 && ["invalid_grant", "invalid_request"].contains(&code.as_str()),
                "{garbage}: {code}"
            );
        }
    }
    let wrong_method = client.send(client.get("/token"));
    assert_eq!((wrong_method.status, wrong_method.header("allow")), (405, "POST"));
    let megabyte = client.send(form(&[("grant_type", &"x".repeat(1 << 20))]));
    assert_eq!(megabyte.error(), (413, "invalid_request".to_owned()));
}

fn revocation_and_introspection(authority: &Authority) {
    let client = authority.client();
    let (id, secret) = authority.service();
    for path in ["/revoke", "/introspect"] {
        let form = |pairs: &[(&str, &str)]| client.post(path).basic_auth(id, Some(secret)).form(pairs);
        assert_eq!(client.send(form(&[])).error(), (400, "invalid_request".to_owned()), "{path}");
        let stranger = client.post(path).basic_auth("nobody", Some("x")).form(&[("token", "x")]);
        assert_eq!(client.send(stranger).error(), (401, "invalid_client".to_owned()), "{path}");
        // A token that is none is as good as revoked.
        let garbage = client.send(form(&[("token", "garbage")]));
        assert_eq!(garbage.status, 200, "{path}: {garbage:?}");
        assert!(path == "/revoke" || garbage.json()["active"] == false, "{garbage:?}");
        let megabyte = client.send(form(&[("token", &"a".repeat(1 << 20))]));
        assert_eq!(megabyte.error(), (413, "invalid_request".to_owned()), "{path}");
        assert_eq!(client.send(client.get(path)).status, 405, "{path}");
    }
    let form = [("token", "x"), ("level", "maybe")];
    let level = client.post("/revoke").basic_auth(id, Some(secret)).form(&form);
    assert_eq!(client.send(level).error(), (400, "invalid_request".to_owned()));
}

fn authorization_requests(browser: &mut Browser<'_>) {
    let good = browser.authorize_url();
    let replaced = |from: &str, to: &str| {
        assert!(good.contains(from), "{from} is not in {good}");
        good.replace(from, to)
    };
    // Who the client is, or where the answer would go, is not known: the user is told, and nothing is sent anywhere.
    for bad in
        [replaced("client_id=app", "client_id=nobody"), replaced("%2Fcallback", "%2Felsewhere"), "/authorize".into()]
    {
        let answer = browser.open(&bad);
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{bad}");
    }
    for (bad, error) in [
        (replaced("response_type=code", "response_type=token"), "unsupported_response_type"),
        (replaced("code_challenge_method=S256", "code_challenge_method=plain"), "invalid_request"),
        (replaced("&code_challenge_method=S256", "").replace("code_challenge=", "no="), "invalid_request"),
        (replaced("scope=openid", "scope=everything"), "invalid_scope"),
    ] {
        let answer = browser.open(&bad);
        assert_eq!(answer.status, 303, "{bad}: {answer:?}");
        assert!(answer.header("location").contains(&format!("error={error}")), "{bad}: {answer:?}");
    }
}

/// A stranger's browser: the login page, a wrong password, an unknown user, a form without its token. These are noted in the audit
/// log.
fn logins(browser: &mut Browser<'_>) {
    let mut stranger = browser.stranger();
    let form = stranger.login_form();
    for username in ["alice", "nobody", ""] {
        let page = stranger.submit(&form, username, "wrong");
        assert_eq!(page.status, 422, "{page:?}");
        assert!(page.body.contains("The user name or the password is wrong."), "{page:?}");
    }
    let mut forger = browser.stranger();
    assert_eq!(forger.submit(&form, "alice", "wrong").status, 403, "the form is another browser's");
}

fn administration(authority: &Authority) {
    let client = authority.client();
    let ordinary = authority.service_token();
    for token in ["garbage", ordinary.as_str()] {
        let post = client.post("/admin/v1/revocations").bearer_auth(token).body("{\"client\":\"service\"}");
        let answer = client.send(post);
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(answer.header("www-authenticate").contains("invalid_token"), "{answer:?}");
        assert_eq!(client.send(client.get("/admin/v1/guards").bearer_auth(token)).status, 401);
    }
    assert_eq!(client.send(client.get("/revocation-stream").bearer_auth("pgc_garbage")).status, 401);
}

#[test]
fn a_code_that_comes_twice_is_refused_and_kills_what_it_gave() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let code = Browser::new(&authority).log_in();
    let tokens = authority.redeem(&code, VERIFIER).json();
    let access = text(&tokens, "/access_token");
    assert_eq!(guard.verify(access).status, 200);
    assert_eq!(authority.redeem(&code, VERIFIER).error(), (400, "invalid_grant".to_owned()));
    wait_for("the guard to hear of it", || guard.verify(access).status == 401);
    assert_eq!(guard.verify(access).code(), "revoked.family");
    assert_eq!(authority.refresh(text(&tokens, "/refresh_token")).error(), (400, "invalid_grant".to_owned()));
}
