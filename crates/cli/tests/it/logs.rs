//! No token and no secret is in any log line, at any level, of any process.

use std::fs;

use crate::browser::{Browser, VERIFIER};
use crate::harness::{Authority, Guard, claims, text};
use crate::nginx::Nginx;

#[test]
fn the_logs_of_a_whole_run_hold_no_token_and_no_secret() {
    let mut authority = Authority::start();
    let guard = Guard::start(&authority);
    let nginx = Nginx::start(guard.port);
    let mut secrets = Vec::new();
    configured_secrets(&authority, &mut secrets);
    a_login(&authority, &nginx, &mut secrets);
    a_service(&authority, &guard, &nginx, &mut secrets);
    // What is said at the end of a life, and at the beginning of the next one.
    authority.process.terminate();
    authority.restart();

    let logs = [
        ("authority", fs::read_to_string(&authority.process.log).unwrap(), "the authority has started"),
        ("guard", guard.log(), "a request was let through"),
        ("nginx", nginx.log(), "GET /orders"),
    ];
    for (who, log, expected) in &logs {
        assert!(log.contains(expected), "the {who}'s log is that of this run");
        for secret in &secrets {
            assert!(secret.len() >= 16, "a short secret would match by chance");
            assert!(!log.contains(secret.as_str()), "the {who}'s log has a secret of {} bytes", secret.len());
        }
    }
    assert!(logs[1].1.contains("revoked.token"), "every refusal names its reason");
    assert!(logs[0].1.contains("invalid_client") && logs[0].1.contains("login.wrong"), "also the authority's");
}

/// What is logged about each request: once, when it has been answered.
#[test]
fn each_request_has_one_line_that_says_what_came_of_it() {
    let authority = Authority::start();
    let client = authority.client();
    let id = authority.service().0;
    for _ in 0..3 {
        client.send(client.get("/healthz?token=must-not-be-logged"));
    }
    client.send(client.get("/nowhere"));
    let own = [("grant_type", "client_credentials")];
    client.send(client.post("/token").basic_auth(id, Some("wrong")).form(&own));
    let token = authority.service_token();
    let is_over = || requests(&authority).len() >= 6;
    crate::harness::wait_for("the last line", is_over);
    let lines = requests(&authority);
    let said: Vec<_> = lines
        .iter()
        .map(|line| (text(line, "/method"), text(line, "/path"), line["status"].as_u64().unwrap()))
        .collect();
    let health = ("GET", "/healthz", 200);
    let expected = [health, health, health, ("GET", "/nowhere", 404), ("POST", "/token", 401), ("POST", "/token", 200)];
    assert_eq!(said, expected);
    assert!(lines.iter().all(|line| line["micros"].is_u64()), "{lines:?}");
    assert_eq!(lines[4]["code"], "invalid_client");
    assert_eq!((&lines[5]["client"], &lines[5]["jti"]), (&id.into(), &claims(&token)["jti"]));
}

/// The lines about requests.
fn requests(authority: &Authority) -> Vec<serde_json::Value> {
    let log = fs::read_to_string(&authority.process.log).unwrap();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let fields = lines.map(|line| if line["fields"].is_object() { line["fields"].clone() } else { line });
    fields.filter(|fields| fields["message"] == "request").collect()
}

fn configured_secrets(authority: &Authority, secrets: &mut Vec<String>) {
    for name in ["guard.credential", "admin.secret", "service.secret", "alice.password", "master.key"] {
        secrets.push(fs::read_to_string(authority.data(name)).unwrap().trim().to_owned());
    }
    let key = fs::read_to_string(authority.data("tls.key")).unwrap();
    secrets.extend(key.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned));
}

/// A user logs in, with a wrong password first; calls, refreshes, and uses code and refresh token twice.
fn a_login(authority: &Authority, nginx: &Nginx, secrets: &mut Vec<String>) {
    let mut browser = Browser::new(authority);
    let wrong = "a-wrong-password-0123456789";
    let form = browser.login_form();
    browser.submit(&form, authority.user().0, wrong);
    let code = browser.log_in();
    let tokens = authority.redeem(&code, VERIFIER).json();
    let access = text(&tokens, "/access_token");
    assert_eq!(nginx.call_with(access).status, 200);
    let refresh = text(&tokens, "/refresh_token");
    let refreshed = authority.refresh(refresh).json();
    authority.redeem(&code, VERIFIER);
    authority.refresh(refresh);
    secrets.extend([wrong.to_owned(), code, VERIFIER.to_owned(), refresh.to_owned()]);
    secrets.push(text(&refreshed, "/refresh_token").to_owned());
    secrets.extend(browser.cookie_values().cloned());
    for token in [access, text(&tokens, "/id_token"), text(&refreshed, "/access_token")] {
        parts_of(token, secrets);
    }
}

/// A service gets a token, which is accepted, altered, introspected and revoked; and gives a wrong secret.
fn a_service(authority: &Authority, guard: &Guard, nginx: &Nginx, secrets: &mut Vec<String>) {
    let client = authority.client();
    let (id, secret) = authority.service();
    let token = authority.service_token();
    assert_eq!(guard.verify(&token).status, 200);
    assert_eq!(nginx.call_with(&token).status, 200);
    // Bad copies, so that an error has the chance to quote them.
    let altered = [format!("{token}x"), format!("{token}=="), token.replace('.', ":"), format!("{token} {token}")];
    for altered in &altered {
        assert_ne!(guard.verify(altered).status, 200);
        assert_ne!(nginx.call_with(altered).status, 200);
        for path in ["/introspect", "/revoke"] {
            client.send(client.post(path).basic_auth(id, Some(secret)).form(&[("token", altered)]));
        }
    }
    let in_address = guard.get(&format!("/verify?access_token={token}"), &[]);
    assert_eq!(in_address.status, 401);
    let uri = format!("/orders?access_token={token}");
    assert_eq!(guard.get("/verify", &[("X-Original-URI", &uri)]).status, 401);
    authority.admin_json(&["revoke", "token", text(&claims(&token), "/jti")]);
    assert_eq!(guard.verify(&token).status, 401);
    let wrong = "wrong-secret-0123456789";
    let bad = client.post("/token").basic_auth(id, Some(wrong));
    assert_eq!(client.send(bad.form(&[("grant_type", "client_credentials")])).status, 401);
    secrets.push(wrong.to_owned());
    parts_of(&token, secrets);
}

/// Payload and signature: a header is no secret.
fn parts_of(token: &str, secrets: &mut Vec<String>) {
    secrets.extend(token.split('.').skip(1).map(str::to_owned));
}
