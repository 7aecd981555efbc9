//! `probity demo`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{PROBITY, Process};

#[test]
fn the_demo_walks_through_every_step_and_accepts_nothing_after_an_enforced_revocation() {
    let output = Command::new(PROBITY).args(["demo", "--once", "--json"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let walk: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&walk["ok"], &walk["accepted_after_enforced"]), (&Value::Bool(true), &Value::from(0)), "{walk}");
    let steps = walk["steps"].as_array().unwrap();
    let names: Vec<_> = steps.iter().map(|step| step["name"].as_str().unwrap()).collect();
    let expected = [
        "log_in",
        "call_accepted",
        "revoke_session",
        "call_refused",
        "refresh_refused",
        "service_accepted",
        "revoke_token",
        "service_refused",
        "guard_cut_off",
        "revoke_while_cut_off",
        "guard_back",
        "audit_self",
    ];
    assert_eq!(names, expected);
    for step in steps {
        assert_eq!(step["ok"], true, "{step}");
        assert!(step["micros"].as_u64().unwrap() > 0, "{step}");
        assert!(!step["curl"].as_str().unwrap().is_empty(), "{step}");
    }
}

#[test]
fn each_line_of_the_demo_repeats_its_step_when_it_is_pasted() {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(PROBITY);
    // Its folder for temporary files is in ours, so that we see whether it is removed.
    command.args(["demo", "--json"]).env("TMPDIR", folder.path());
    let mut demo = Process::start(&mut command, folder.path().join("log"));
    let walk: Value = serde_json::from_str(&demo.first_line()).unwrap();
    let expected = [
        ("log_in", 200, "\"access_token\""),
        ("call_accepted", 200, "hello, "),
        ("revoke_session", 200, "\"enforced\""),
        ("call_refused", 401, "revoked.session"),
        ("refresh_refused", 400, "invalid_grant"),
        ("service_accepted", 200, "hello, service"),
        ("revoke_token", 200, "\"enforced\""),
        ("service_refused", 401, "revoked.token"),
        ("guard_cut_off", 503, "replica.stale"),
        ("revoke_while_cut_off", 200, "\"expired\":["),
        ("guard_back", 401, "revoked.token"),
        ("audit_self", 0, "NOT SHOWN INSECURE"),
    ];
    let steps = walk["steps"].as_array().unwrap();
    assert_eq!(steps.len(), expected.len());
    for (step, (name, status, part)) in steps.iter().zip(expected) {
        assert_eq!(step["name"], name);
        let line = step["curl"].as_str().unwrap();
        let output = Command::new("sh").args(["-c", line]).output().unwrap();
        let answer = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{line}: {output:?}");
        let has_status =
            [format!("HTTP/1.1 {status}"), format!("HTTP/2 {status}")].iter().any(|line| answer.contains(line))
                || status == 0;
        assert!(has_status && answer.contains(part), "{name}: {line}\n{answer}");
    }
    let data = Path::new(steps[0]["curl"].as_str().unwrap().split(' ').nth(1).unwrap()).parent().unwrap().to_owned();
    assert!(data.starts_with(folder.path()) && data.is_dir());
    assert!(demo.interrupt().success());
    assert!(!data.exists(), "the files are removed");
}
