//! `probity demo`.

use std::process::Command;

use serde_json::Value;

use crate::harness::PROBITY;

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
    ];
    assert_eq!(names, expected);
    for step in steps {
        assert_eq!(step["ok"], true, "{step}");
        assert!(step["micros"].as_u64().unwrap() > 0, "{step}");
        assert!(!step["curl"].as_str().unwrap().is_empty(), "{step}");
    }
}
