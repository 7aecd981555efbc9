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
