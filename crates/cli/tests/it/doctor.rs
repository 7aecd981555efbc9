//! `probity doctor` as a person runs it: on what works, and on each usual mistake.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use crate::harness::{Authority, Guard, PROBITY, free_port};

fn doctor(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } =
        Command::new(PROBITY).arg("doctor").args(arguments).env_remove("PROBITY_AUDIT_TOKEN").output().unwrap();
    (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

#[test]
fn what_works_is_good_line_by_line_and_is_audited_at_the_end() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let (data, url) = (authority.data("").display().to_string(), format!("http://127.0.0.1:{}", guard.port));
    let (code, said) = doctor(&["--data", &data, "--guard", &url]);
    assert_eq!(code, Some(0), "{said}");
    for part in [
        "good  its metadata names this issuer",
        "good  its key set has",
        "good  it is ready",
        "good  it refuses a request without a token by 401",
        "good  NOT SHOWN INSECURE",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("BAD"), "{said}");
}

#[test]
fn each_usual_mistake_is_named_with_what_to_do() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let (data, url) = (authority.data("").display().to_string(), format!("http://127.0.0.1:{}", guard.port));
    let of = |arguments: &[&str], what: &str, advice: &str| {
        let (code, said) = doctor(&[arguments, &["--no-audit"]].concat());
        assert_eq!(code, Some(1), "{what}: {said}");
        assert!(said.contains(what) && said.contains(advice), "{what}, {advice}: {said}");
    };

    let key = authority.data("master.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    of(&["--data", &data, "--guard", &url], "master.key holds a secret", "do: chmod 600");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

    let issuer = authority.issuer();
    of(&["--issuer", &issuer, "--guard", &url], "signed by an authority that is not trusted here", "ca_file");

    let free = format!("http://127.0.0.1:{}", free_port());
    of(&["--data", &data, "--guard", &free], "nothing listens at 127.0.0.1", "do: start it");
    of(&["--issuer", "https://no-such-name.invalid", "--guard", &url], "no address is known", "DNS");
    // The guard answers, but it is not an authority.
    of(&["--issuer", &url, "--guard", &url], "/.well-known/openid-configuration answers 404", "something else listens");
    let https = format!("https://127.0.0.1:{}", guard.port);
    of(&["--issuer", &https, "--guard", &url], "does not speak TLS", "http:// instead of https://");
}

#[test]
fn a_key_set_that_can_not_be_read_is_said_with_its_address_and_the_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let metadata = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{issuer}/jwks"}}"#);
    let server = std::thread::spawn(move || {
        for (status, body) in [("200 OK", metadata.as_str()), ("404 Not Found", ""), ("200 OK", "")] {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let guard = format!("http://127.0.0.1:{}", free_port());
    let (code, said) = doctor(&["--issuer", &issuer, "--guard", &guard]);
    server.join().unwrap();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&format!("BAD   {issuer}/jwks answers 404")), "{said}");
}

#[test]
fn a_redirect_and_a_clock_that_is_wrong_are_explained() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let answer = "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://login.example/\r\n\
            Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let guard = format!("http://127.0.0.1:{}", free_port());
    let (code, said) = doctor(&["--issuer", &issuer, "--guard", &guard]);
    server.join().unwrap();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("redirects to https://login.example/"), "{said}");
    assert!(said.contains("s behind this machine's") && said.contains("do: let both follow NTP"), "{said}");
    assert!(said.contains("note  left out until the rest is good"), "{said}");
}
