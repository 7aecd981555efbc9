//! What passes, and as what it arrives.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::Site;
use crate::harness::{Answer, claims, exchange, get, text, wait_for};

#[test]
fn a_request_with_a_good_token_reaches_the_application_which_learns_who_calls() {
    let site = Site::start();
    let (token, client) = (site.authority.service_token(), site.authority.service().0.to_owned());
    let forged = [
        "X-Auth-Subject: root",
        "x-auth-session: root",
        "X-Forwarded-For: 10.9.9.9",
        "X-Forwarded-Proto: https",
        "Forwarded: for=10.9.9.9",
        "X-Original-URL: /internal",
        "Keep-Alive: timeout=5",
        "TE: trailers",
        "Accept: text/plain",
        "Cookie: a=1",
        "Content-Length: 5\r\n\r\nhello",
    ];
    let answer = site.call("POST /orders/7?page=2", &token, &forged);
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok\nhello"), "{answer:?}\n{}", site.guard.log());
    let seen = site.application.sole();
    assert!(seen.head.starts_with("POST /orders/7?page=2 HTTP/1.1\n"), "{seen:?}");
    assert_eq!(seen.body, b"hello");
    for (name, value) in [
        ("x-auth-subject", client.as_str()),
        ("x-auth-client", &client),
        ("x-auth-issuer", &site.authority.issuer()),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "shop.example"),
        ("forwarded", "for=127.0.0.1;host=\"shop.example\";proto=http"),
        ("host", &format!("127.0.0.1:{}", site.application.port)),
        ("accept", "text/plain"),
        ("cookie", "a=1"),
        ("via", "1.1 probity"),
        ("content-length", "5"),
    ] {
        assert_eq!(seen.sole(name), value, "{name}");
    }
    for name in ["authorization", "x-auth-session", "x-original-url", "keep-alive", "te", "connection", "upgrade"] {
        assert!(seen.all(name).is_empty(), "{name}: {seen:?}");
    }
    assert!(!site.guard.log().contains(&token), "no token is in a log line, at any level");
    let back = site.call("GET /hop", &token, &[]);
    assert_eq!((back.header("x-end"), back.header("x-hop"), back.header("keep-alive")), ("1", "", ""), "{back:?}");
}

#[test]
fn what_a_rule_refuses_never_reaches_the_application() {
    let site = Site::start();
    let token = site.authority.service_token();
    for (line, status, code) in [
        ("GET /internal/x", 403, "guard.nobody"),
        ("GET /%69nternal", 403, "guard.nobody"),
        ("GET /health/../internal", 403, "guard.bad_path"),
        ("GET //internal", 403, "guard.bad_path"),
        ("GET /orders%2f..%2finternal", 403, "guard.bad_path"),
        ("GET /orders?access_token=x", 401, "guard.several_credentials"),
        ("TRACE /orders", 501, "request.method"),
    ] {
        let answer = site.call(line, &token, &[]);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{line}: {answer:?}");
    }
    let disguised = site.call("GET /orders", &token, &["X_Auth_Subject: root"]);
    assert_eq!(disguised.code(), "guard.smuggled_identity");
    let nobody = get(site.port, "/orders", &[]);
    assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, "Bearer realm=\"probity\""));
    assert_eq!(site.call("GET /orders", "garbage", &[]).status, 401);
    site.authority.admin_json(&["revoke", "token", text(&claims(&token), "/jti")]);
    assert_eq!(site.call("GET /orders", &token, &[]).code(), "revoked.token");
    assert!(site.application.take().is_empty());
    assert_eq!(get(site.port, "/health", &[("X-Auth-Subject", "root")]).status, 200);
    assert!(site.application.sole().all("x-auth-subject").is_empty(), "where anyone may, nobody is identified");
}

#[test]
fn pages_of_named_origins_may_use_what_a_rule_opens_to_them_and_others_may_not() {
    let site = Site::start();
    let token = site.authority.service_token();
    let (shop, evil) = (("Origin", "https://shop.example"), ("Origin", "https://evil.example"));
    let preflight = |path: &str, origin: (&str, &str), method: &str| {
        let asks = format!(
            "OPTIONS {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}: {}\r\nAccess-Control-Request-Method: {method}\r\n\r\n",
            origin.0, origin.1,
        );
        exchange(site.port, asks.as_bytes())
    };
    let may = preflight("/pages/1", shop, "PUT");
    assert_eq!((may.status, may.header("access-control-allow-origin")), (204, "https://shop.example"), "{may:?}");
    assert_eq!(may.header("access-control-allow-methods"), "PUT");
    assert_eq!(may.header("access-control-allow-headers"), "authorization, content-type");
    assert_eq!((may.header("access-control-allow-credentials"), may.header("vary").is_empty()), ("", false));
    let may_not = preflight("/pages/1", evil, "PUT");
    assert_eq!((may_not.status, may_not.code().as_str()), (403, "guard.cross_origin"));
    assert_eq!((may_not.header("access-control-allow-origin"), may_not.header("vary")), ("", "origin"));
    for (path, method) in [("/pages/1", "DELETE"), ("/orders", "GET"), ("/pages/../internal", "GET")] {
        let closed = preflight(path, shop, method);
        assert!(closed.status >= 400 && closed.header("access-control-allow-origin").is_empty(), "{closed:?}");
    }
    assert!(site.application.take().is_empty(), "no preflight goes on");
    let origin = "Origin: https://shop.example";
    let allowed = |answer: &Answer| {
        let [origin, vary] = ["access-control-allow-origin", "vary"].map(|name| answer.header(name).to_owned());
        (answer.status, origin, vary)
    };
    let named = |status| (status, shop.1.to_owned(), "origin".to_owned());
    let unnamed = |status| (status, String::new(), "origin".to_owned());
    assert_eq!(allowed(&site.call("GET /pages/1", &token, &[origin])), named(200));
    assert_eq!(allowed(&site.call("GET /pages/1", "bad", &[origin])), named(401), "the page may see why not");
    assert_eq!(allowed(&site.call("GET /pages/1", &token, &["Origin: https://evil.example"])), unnamed(200));
    assert_eq!(allowed(&site.call("GET /pages/1", &token, &[])), unnamed(200));
    let elsewhere = site.call("GET /orders", &token, &[origin]);
    assert_eq!(allowed(&elsewhere), (200, String::new(), String::new()));
}

#[test]
fn an_application_that_fails_is_told_apart_by_name() {
    let site = Site::start_with("response_timeout = 1\nhosts = [\"shop.example\", \"localhost\"]");
    let token = site.authority.service_token();
    for (line, status, code) in [
        ("GET /gone", 502, "upstream.unreachable"),
        ("GET /slow", 504, "upstream.timeout"),
        ("GET /garbage", 502, "upstream.broken"),
    ] {
        let answer = site.call(line, &token, &[]);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{line}: {answer:?}");
    }
    let elsewhere = exchange(site.port, b"GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (421, "request.misdirected"));
    let metrics = site.guard.get("/metrics", &[]);
    assert!(metrics.body.contains("probity_guard_decisions_total{verdict=\"passed\"} 3"), "{}", metrics.body);
}

#[test]
fn long_bodies_go_through_both_ways_as_they_come() {
    let site = Site::start();
    let token = site.authority.service_token();
    let megabytes = "0123456789abcdef".repeat(1 << 18);
    let chunk = format!("10000\r\n{}\r\n", &megabytes[..1 << 16]);
    let chunks = chunk.repeat(megabytes.len() >> 16);
    let body = format!("Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\nX-Auth-Subject: root\r\n");
    let answer = site.call("POST /orders", &token, &[&body]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.len(), megabytes.len() + 3);
    let seen = site.application.sole();
    assert!(seen.body == megabytes.as_bytes(), "{} bytes arrived", seen.body.len());
    assert_eq!(seen.sole("transfer-encoding"), "chunked");
}

#[test]
fn http2_is_spoken_with_clients_and_with_an_application_that_can() {
    let site = Site::start();
    let token = site.authority.service_token();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let call = async |path: &str, body: &'static str| {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", site.port)).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::post(format!("http://shop.example{path}"))
            .header("authorization", format!("Bearer {token}"))
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(Full::new(Bytes::from_static(body.as_bytes())));
        let answer = sender.send_request(request.unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.into_body().collect().await.unwrap().to_bytes())
    };
    let (status, body) = runtime.block_on(call("/orders", "hello"));
    assert_eq!((status, &*body), (200, &b"ok\nhello"[..]), "{}", site.guard.log());
    let seen = site.application.sole();
    assert_eq!((seen.sole("cookie"), seen.sole("x-forwarded-host")), ("a=1; b=2", "shop.example"));
    // The authority stands in for an application with TLS and HTTP/2; it knows no POST here.
    let (status, _) = runtime.block_on(call("/.well-known/openid-configuration", ""));
    assert_eq!(status, 405, "{}", site.guard.log());
    let document = site.call("GET /.well-known/openid-configuration", &token, &[]);
    assert_eq!(text(&document.json(), "/issuer"), site.authority.issuer());
    assert!(!site.guard.log().contains(&token), "no token is in a log line, at any level");
}

#[test]
fn a_proxy_that_stops_lets_requests_in_flight_finish() {
    let site = Site::start();
    let token = site.authority.service_token();
    let mut upload = site.open("POST /orders", &token, &["Connection: close", "Content-Length: 2"]);
    wait_for("the request to be admitted", || site.guard.log().contains("\"verdict\":\"accepted\""));
    site.guard.process.signal("TERM");
    wait_for("the proxy to take no more", || std::net::TcpStream::connect(("127.0.0.1", site.port)).is_err());
    std::io::Write::write_all(&mut upload, b"hi").unwrap();
    let answer = super::read_to_end(&mut upload);
    assert!(answer.ends_with(b"ok\nhi"), "{}", String::from_utf8_lossy(&answer));
}
