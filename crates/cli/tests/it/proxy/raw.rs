//! Smuggled and malformed requests, as data: bytes that are sent on one connection, what is answered, and which requests reach
//! the application.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use serde::Deserialize;

use super::Site;
use crate::harness::PATIENCE;

/// A case of raw_requests.json.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Each character is one byte; `{auth}` is a header line with a good token.
    send: String,
    /// The statuses that come back, in order.
    answers: Vec<u16>,
    /// Method and target of each request that reaches the application.
    reached: Vec<String>,
    /// Whether nothing more comes from the client: without it the guard must end the connection.
    #[serde(default)]
    end: bool,
}

#[test]
fn nothing_reaches_the_application_that_the_guard_did_not_understand() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("raw_requests.json")).unwrap();
    assert!(cases.len() >= 100);
    let site = Site::start();
    let token = site.authority.service_token();
    let mut wrong = Vec::new();
    for case in &cases {
        let text = case.send.replace("{auth}", &format!("Authorization: Bearer {token}\r\n"));
        let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        let answers = exchange(site.port, &bytes, case.end);
        // Each request of these, and nothing else: `take` fails when what came was not HTTP in the strictest reading.
        let seen = site.application.take();
        let reached: Vec<String> =
            seen.iter().map(|seen| seen.head.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
        for seen in &seen {
            assert_eq!(seen.sole("x-auth-subject"), site.authority.service().0, "{}: {seen:?}", case.name);
        }
        if answers != case.answers || reached != case.reached {
            wrong.push(format!("{}: {answers:?} {reached:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Sends bytes, and gives the statuses of what comes until the other side ends the connection.
fn exchange(port: u16, bytes: &[u8], end: bool) -> Vec<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // It may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    if end {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the connection was left open");
    }
    let answer = String::from_utf8_lossy(&answer);
    let starts = ["HTTP/1.1 ", "HTTP/1.0 "].iter().flat_map(|start| answer.match_indices(start));
    starts.filter_map(|(at, start)| answer[at + start.len()..].get(..3)?.parse().ok()).collect()
}
