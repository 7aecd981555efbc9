//! No token and no secret is in any log line, at any level.

use std::fs;

use crate::harness::{Authority, Guard, claims, text};

#[test]
fn the_logs_of_a_whole_run_hold_no_token_and_no_secret() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let client = authority.client();
    let (id, secret) = authority.service();
    let mut secrets = vec![secret.to_owned(), text(&authority.dev, "/user/password").to_owned()];
    for name in ["guard.credential", "admin.secret"] {
        secrets.push(fs::read_to_string(authority.data(name)).unwrap().trim().to_owned());
    }
    let token = authority.service_token();
    assert_eq!(guard.verify(&token).status, 200);
    // A bad copy, so that an error has the chance to quote it.
    assert_eq!(guard.verify(&format!("{token}x")).status, 401);
    let introspect = |token: &str| {
        let request = client.post("/introspect").basic_auth(id, Some(secret));
        assert_eq!(client.send(request.form(&[("token", token)])).status, 200);
    };
    introspect(&token);
    introspect(&format!("{token}x"));
    authority.admin_json(&["revoke", "token", text(&claims(&token), "/jti")]);
    assert_eq!(guard.verify(&token).status, 401);
    let form = [("token", token.as_str())];
    client.send(client.post("/revoke").basic_auth(id, Some(secret)).form(&form));
    let wrong = "wrong-secret-0123456789";
    let bad = client.post("/token").basic_auth(id, Some(wrong));
    client.send(bad.form(&[("grant_type", "client_credentials")]));
    secrets.push(wrong.to_owned());
    // Each part of the token: a signature alone is worth hiding, a header is not.
    secrets.extend(token.split('.').skip(1).map(str::to_owned));

    let logs = [fs::read_to_string(&authority.process.log).unwrap(), guard.log()];
    for (who, log) in ["authority", "guard"].iter().zip(&logs) {
        assert!(log.contains("\"TRACE\"") || log.contains("\"DEBUG\""), "the {who} logs at every level");
        for secret in &secrets {
            assert!(secret.len() >= 16, "a short secret would match by chance");
            assert!(!log.contains(secret.as_str()), "the {who}'s log has a secret of {} bytes", secret.len());
        }
    }
    assert!(logs[1].contains("revoked.token"), "every refusal names its reason");
    assert!(logs[1].contains("a request was let through"));
}
