//! `probity admin why`: what is known of a token, and where it may still be accepted.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Authority, Guard, PROBITY, claims, text, wait_for};

#[test]
fn a_guard_that_has_not_heard_may_accept_a_revoked_token_until_its_lease_is_over() {
    let authority = Authority::start();
    let (_west, east) = (Guard::start(&authority), Guard::start_another(&authority, "east"));
    let token = authority.service_token();
    let file = authority.data("token");
    fs::write(&file, &token).unwrap();
    let why = || authority.admin_json(&["why", "--token-file", file.to_str().unwrap()]);
    let accepting = |answer: &Value| {
        let guards = answer["guards"].as_array().unwrap().iter().filter(|guard| guard["accepts"] == true);
        guards.map(|guard| text(guard, "/name").to_owned()).collect::<Vec<_>>()
    };
    let live = why();
    assert_eq!((text(&live, "/verdict"), accepting(&live).len()), ("live", 2), "{live}");
    assert_eq!(text(&live, "/client_id"), authority.service().0);
    let jti = text(&claims(&token), "/jti").to_owned();
    east.process.signal("STOP");
    authority.admin_json(&["revoke", "token", &jti, "--level", "durable"]);
    let dead = why();
    assert_eq!((text(&dead, "/verdict"), &dead["revoked_by"]), ("revoked", &json!(["token"])), "{dead}");
    // The other one may not have confirmed at the very first look.
    wait_for("the guard that runs to confirm", || accepting(&why()) == ["east"]);
    wait_for("the lease of the stopped guard to end", || accepting(&why()).is_empty());
    east.process.signal("CONT");
    east.wait_until_ready();
    assert!(accepting(&why()).is_empty());
}

#[test]
fn a_token_from_standard_input_is_explained_and_never_logged() {
    let authority = Authority::start();
    let token = authority.service_token();
    let mut command = Command::new(PROBITY);
    command.args(["admin", "--profile"]).arg(authority.data("admin.toml")).args(["why", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{token}\n").as_bytes()).unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.starts_with("verdict      live\n"), "{said}");
    assert!(said.contains(text(&claims(&token), "/jti")), "{said}");
    let signature = token.rsplit('.').next().unwrap();
    assert!(!fs::read_to_string(&authority.process.log).unwrap().contains(signature));
    let unknown = authority.admin_json(&["why", "nobody"]);
    assert_eq!(text(&unknown, "/verdict"), "not revoked by its jti");
}
