//! What no well-behaved client sends: each gets the standard error.

use crate::harness::{Authority, Guard, exchange};

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
fn the_token_endpoint_answers_bad_requests_with_the_standard_errors() {
    let authority = Authority::start();
    let client = authority.client();
    let (id, secret) = authority.service();
    let error = |request: reqwest::RequestBuilder| {
        let answer = client.send(request);
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.error()
    };
    let form = |pairs: &[(&str, &str)]| client.post("/token").basic_auth(id, Some(secret)).form(pairs);
    let cases = [
        (form(&[]), 400, "invalid_request"),
        (form(&[("grant_type", "password")]), 400, "unsupported_grant_type"),
        (form(&[("grant_type", "implicit")]), 400, "unsupported_grant_type"),
        (form(&[("grant_type", "client_credentials"), ("scope", "no:such")]), 400, "invalid_scope"),
        (form(&[("grant_type", "client_credentials"), ("grant_type", "client_credentials")]), 400, "invalid_request"),
        (form(&[("grant_type", "refresh_token"), ("refresh_token", "garbage")]), 400, "invalid_grant"),
        (
            client.post("/token").basic_auth(id, Some("wrong")).form(&[("grant_type", "client_credentials")]),
            401,
            "invalid_client",
        ),
        (
            client.post("/token").basic_auth("nobody", Some("x")).form(&[("grant_type", "client_credentials")]),
            401,
            "invalid_client",
        ),
        (client.post("/token").form(&[("grant_type", "client_credentials")]), 401, "invalid_client"),
        (
            client.post("/token").basic_auth(id, Some(secret)).header("content-type", "application/json").body("{}"),
            400,
            "invalid_request",
        ),
        (
            client.post("/token").header("content-type", "application/x-www-form-urlencoded").body("%%%=&&&"),
            400,
            "invalid_request",
        ),
    ];
    for (at, (request, status, code)) in cases.into_iter().enumerate() {
        let got = error(request);
        // A body that names no client fails before or at client authentication.
        assert!(
            got == (status, code.to_owned()) || (at == 10 && got == (401, "invalid_client".to_owned())),
            "case {at}: {got:?}"
        );
    }
    let wrong_method = client.send(client.get("/token"));
    assert_eq!((wrong_method.status, wrong_method.header("allow")), (405, "POST"));
    let huge =
        client.send(client.post("/token").basic_auth(id, Some(secret)).form(&[("grant_type", "x".repeat(4 << 20))]));
    assert_eq!(huge.status, 413);
}
