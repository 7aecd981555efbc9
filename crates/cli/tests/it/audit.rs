//! `probity audit` as a person runs it: exit codes, consent, and what it says of our own guard.

use std::process::{Command, Output};

use serde_json::Value;

use crate::harness::{Authority, Guard, PROBITY};

fn audit(arguments: &[&str]) -> Output {
    Command::new(PROBITY).arg("audit").args(arguments).env_remove("PROBITY_AUDIT_TOKEN").output().unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The example that a well-known page shows to everyone; its secret is `your-256-bit-secret`.
const EXAMPLE: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";

#[test]
fn a_token_with_a_known_secret_is_called_forgeable_in_the_first_line_and_ends_in_1() {
    let output = audit(&["token", EXAMPLE]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report = said(&output.stdout);
    assert_eq!(report.lines().next(), Some("token: NO - forgeable"));
    assert!(report.contains("KEY-01 proven offline"), "{report}");
    assert!(!report.contains("your-256-bit-secret") && !report.contains("SflKxwRJ"), "a secret is shown: {report}");
}

#[test]
fn nothing_is_sent_to_a_host_that_nobody_said_to_own() {
    let output = audit(&["endpoint", "https://api.example/me", "--token", EXAMPLE, "--allow", "active"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(said(&output.stderr).contains("--i-own api.example"), "{output:?}");
}

#[test]
fn inputs_that_are_not_what_they_should_be_end_in_2() {
    for arguments in [&["token", "no-token"][..], &["explain", "SIG-99"], &["keys", "Cargo.toml"], &["files", "none"]] {
        let output = audit(arguments);
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{arguments:?}: {output:?}");
    }
}

#[test]
fn our_own_guard_gives_no_finding() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let (token, ca) = (authority.service_token(), authority.data("ca.pem").display().to_string());
    let (url, keys) = (format!("http://127.0.0.1:{}/verify", guard.port), format!("{}/jwks", authority.issuer()));
    let live = ["endpoint", &url, "--token", &token, "--allow", "active", "--jwks", &keys, "--ca-file", &ca];
    let output = audit(&[&live[..], &["--format", "json", "--fail-on", "info"]].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let of = |status: &str| -> Vec<&str> {
        let results = report["results"].as_array().unwrap().iter().filter(|result| result["status"] == status);
        results.map(|result| result["rule"].as_str().unwrap()).collect()
    };
    assert_eq!((of("fail"), of("inconclusive")), (Vec::new(), Vec::new()), "{report:#}");
    assert_eq!((output.status.code(), &report["verdict"]), (Some(0), &Value::from("not-shown-insecure")));
    let passed = of("pass");
    for rule in ["SIG-01", "SIG-02", "SIG-04", "SIG-09", "HDR-01", "HDR-07", "KEY-04", "STO-10"] {
        assert!(passed.contains(&rule), "{rule} did not run: {passed:?}");
    }
}

#[test]
fn an_audit_of_ourselves_gets_its_own_tokens_and_gives_no_finding() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let (data, url) = (authority.data("").display().to_string(), format!("http://127.0.0.1:{}", guard.port));
    let output = audit(&["self", "--data", &data, "--guard", &url, "--format", "json", "--fail-on", "info"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let of = |status: &str| -> Vec<&str> {
        let results = report["results"].as_array().unwrap().iter().filter(|result| result["status"] == status);
        results.map(|result| result["rule"].as_str().unwrap()).collect()
    };
    assert_eq!((of("fail"), of("inconclusive")), (Vec::new(), Vec::new()), "{report:#}");
    assert_eq!((output.status.code(), &report["verdict"]), (Some(0), &Value::from("not-shown-insecure")));
    let passed = of("pass");
    for rule in ["SIG-01", "HDR-02", "HDR-09", "REV-02", "REV-05", "XSV-03", "META-01", "KM-01", "STO-16"] {
        assert!(passed.contains(&rule), "{rule} did not run: {passed:?}");
    }
    let secrets = [std::fs::read_to_string(authority.data("service.secret")).unwrap()];
    let text = said(&output.stdout);
    assert!(secrets.iter().all(|secret| !text.contains(secret.trim())), "a secret is in the report");
}

#[test]
fn an_audit_of_ourselves_says_what_it_lacks() {
    for (arguments, part) in [
        (&["self", "--data", "/nowhere"][..], "serve.toml"),
        (&["self", "--issuer", "https://login.example", "--guard", "http://127.0.0.1:1"], "--i-own login.example"),
        (&["self", "--issuer", "https://localhost:1"], "--guard"),
    ] {
        let output = audit(arguments);
        assert!(output.status.code().is_some_and(|code| code >= 2), "{arguments:?}: {output:?}");
        assert!(said(&output.stderr).contains(part), "{arguments:?}: {output:?}");
    }
}

#[test]
fn inputs_without_an_end_are_refused_and_what_is_left_out_is_said() {
    let output = audit(&["keys", "/dev/zero"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(said(&output.stderr).contains("larger than"), "{output:?}");
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("tokens.txt");
    // Each has another header: {"alg":"HS256","kid":"1000"} and so on.
    let tokens = (1_000..3_100).map(|number| {
        let header = format!(r#"{{"alg":"HS256","kid":"{number}"}}"#);
        format!("{}.e30.c2lnc2lnc2ln", probity_jose::base64url::encode(header.as_bytes()))
    });
    std::fs::write(&file, tokens.collect::<Vec<_>>().join("\n")).unwrap();
    let output = audit(&["token", &format!("@{}", file.display()), "--only", "CLM-01"]);
    assert!(said(&output.stderr).contains("2000 tokens are looked at; 100 more are left out"), "{output:?}");
}
