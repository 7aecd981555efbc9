//! `probity admin clients`: from the first secret to the end.

use serde_json::json;

use crate::harness::{Authority, text};

#[test]
fn a_client_is_added_gets_tokens_and_is_gone_when_it_is_deleted() {
    let authority = Authority::start();
    let clients = |arguments: &[&str]| authority.admin_json(&[&["clients"], arguments].concat());
    let own = ["--grant", "client_credentials", "--audience", "https://api.example"];
    // An identifier that would be another path if it were not escaped.
    let added = clients(&[&["add", "a/b?c", "--scope", "read"], &own[..]].concat());
    let token = |secret: &str| {
        let form = [("grant_type", "client_credentials"), ("client_id", "a/b?c"), ("client_secret", secret)];
        let client = authority.client();
        client.send(client.post("/token").form(&form))
    };
    assert_eq!(token(text(&added, "/client_secret")).status, 200);
    let set = clients(&["set", "a/b?c", "--scope", "read", "--scope", "write", "--name", "Batch"]);
    assert_eq!(
        (&set["scopes"], &set["client_name"], set.get("client_secret")),
        (&json!(["read", "write"]), &json!("Batch"), None)
    );
    let renewed = clients(&["secret", "a/b?c"]);
    assert_eq!(token(text(&added, "/client_secret")).status, 401);
    assert_eq!(token(text(&renewed, "/client_secret")).status, 200);
    clients(&["disable", "a/b?c"]);
    assert_eq!(clients(&["show", "a/b?c"])["disabled"], true);
    assert_eq!(token(text(&renewed, "/client_secret")).status, 401);
    clients(&["enable", "a/b?c"]);
    assert_eq!(token(text(&renewed, "/client_secret")).status, 200);
    clients(&["delete", "a/b?c"]);
    let listed = clients(&["list"]);
    assert!(!listed.to_string().contains("a/b?c") && listed.to_string().contains("\"configured\":true"), "{listed}");
}

#[test]
fn the_audit_log_is_verified_up_to_a_head_that_was_kept() {
    let authority = Authority::start();
    let verify = |more: &[&str]| authority.admin_json(&[&["audit-log", "verify"], more].concat());
    let head = text(&verify(&[]), "/head").to_owned();
    authority.admin_json(&["revoke", "token", "j", "--level", "durable"]);
    let later = verify(&["--head", &head]);
    assert_eq!((&later["verified"], text(&later, "/head") == head), (&json!(true), false));
    let listed = authority.admin_json(&["audit-log", "list"]);
    let last = listed["entries"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((text(&last, "/action"), text(&last, "/target")), ("revoked", "j"));
    let (number, hash) = head.split_once(':').unwrap();
    let other = format!("{number}:{}{}", if hash.starts_with('A') { 'B' } else { 'A' }, &hash[1..]);
    let failed = authority.admin(&["audit-log", "verify", "--head", &other]);
    assert_eq!(failed.status.code(), Some(5), "{failed:?}");
    assert!(String::from_utf8(failed.stderr).unwrap().contains(&format!("entry {number} does not have the hash")));
}
