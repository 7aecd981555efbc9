//! What lasts longer than one decision: it is cut when the token on which it depends is worth nothing any more.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{Site, read_to_end, read_until};
use crate::harness::{PATIENCE, claims, text, wait_for};

const HANDSHAKE: [&str; 4] = [
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

fn revoke(site: &Site, token: &str) {
    let answer = site.authority.admin_json(&["revoke", "token", text(&claims(token), "/jti")]);
    assert_eq!(text(&answer, "/level"), "enforced");
}

fn websocket(site: &Site, token: &str) -> TcpStream {
    let mut stream = site.open("GET /ws", token, &HANDSHAKE);
    let head = read_until(&mut stream, "\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    stream
}

fn echo(stream: &mut TcpStream) {
    stream.write_all(b"ping").unwrap();
    let mut back = [0; 4];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"ping");
}

#[test]
fn an_event_stream_is_cut_when_its_token_is_revoked_and_others_go_on() {
    let site = Site::start();
    let (token, other) = (site.authority.service_token(), site.authority.service_token());
    let mut stream = site.open("GET /events", &token, &[]);
    let mut bystander = site.open("GET /events", &other, &[]);
    read_until(&mut stream, "data: x\n\n");
    read_until(&mut bystander, "data: x\n\n");
    revoke(&site, &token);
    let rest = read_to_end(&mut stream);
    assert!(!rest.ends_with(b"0\r\n\r\n"), "a stream that is cut has no proper end");
    (0..10).for_each(|_| _ = read_until(&mut bystander, "data: x\n\n"));
    let metrics = site.guard.get("/metrics", &[]).body;
    assert!(metrics.contains("probity_guard_cut_total 1"), "{metrics}");
}

#[test]
fn a_websocket_carries_bytes_both_ways_and_is_cut_when_its_token_is_revoked() {
    let site = Site::start();
    let (token, other) = (site.authority.service_token(), site.authority.service_token());
    let (mut stream, mut bystander) = (websocket(&site, &token), websocket(&site, &other));
    let seen = site.application.take();
    assert_eq!((seen[0].sole("connection"), seen[0].sole("upgrade")), ("upgrade", "websocket"), "{seen:?}");
    assert_eq!(seen[0].sole("x-auth-subject"), site.authority.service().0);
    echo(&mut stream);
    echo(&mut bystander);
    revoke(&site, &token);
    assert!(read_to_end(&mut stream).is_empty(), "nobody has written anything: it ends by itself");
    echo(&mut bystander);
}

#[test]
fn a_download_is_cut_when_its_token_is_revoked() {
    let site = Site::start();
    let token = site.authority.service_token();
    let mut stream = site.open("GET /download", &token, &[]);
    read_until(&mut stream, "\r\n\r\nxx");
    revoke(&site, &token);
    assert!(read_to_end(&mut stream).len() < 1_000_000);
}

#[test]
fn a_request_that_waits_for_its_answer_is_refused_when_its_token_is_revoked() {
    let site = Site::start();
    let token = site.authority.service_token();
    let mut stream = site.open("GET /slow", &token, &["Connection: close"]);
    wait_for("the application to have it", || site.guard.log().contains("\"verdict\":\"accepted\""));
    revoke(&site, &token);
    let answer = String::from_utf8(read_to_end(&mut stream)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("revoked.token"), "{answer}");
}

#[test]
fn everything_that_lasts_is_cut_when_the_guard_can_not_know_any_more() {
    let mut site = Site::start();
    let token = site.authority.service_token();
    let mut events = site.open("GET /events", &token, &[]);
    let mut socket = websocket(&site, &token);
    read_until(&mut events, "data: x\n\n");
    echo(&mut socket);
    site.authority.process.kill();
    read_to_end(&mut events);
    assert!(read_to_end(&mut socket).is_empty());
    assert!(site.guard.log().contains("\"verdict\":\"replica.stale\""));
}

#[test]
fn streams_end_when_their_token_expires_and_downloads_of_known_length_do_not() {
    let mut authority = crate::harness::Authority::start();
    authority.set("access_token = 2");
    let site = Site::on(authority, "");
    let token = site.authority.service_token();
    let mut events = site.open("GET /events", &token, &[]);
    let mut socket = websocket(&site, &token);
    let mut download = site.open("GET /download", &token, &[]);
    read_until(&mut events, "data: x\n\n");
    echo(&mut socket);
    read_to_end(&mut events);
    read_to_end(&mut socket);
    download.set_read_timeout(Some(PATIENCE)).unwrap();
    read_until(&mut download, "\r\n\r\nxx");
    read_until(&mut download, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    assert!(site.guard.log().contains("\"verdict\":\"jwt.expired\""));
}
