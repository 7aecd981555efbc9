//! Rules per route, end to end: a real authority, a real guard, `probity guard check`.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::browser::{Browser, VERIFIER};
use crate::harness::{Answer, Authority, Guard, PROBITY, free_port, text, wait_for};

const RULES: &str = r#"
[resource]
identifier = "https://api.localhost/mcp"
name = "Tools"
scopes = ["mcp:tools"]

[introspection]
client_id = "service"
client_secret_file = "service.secret"

[[rules]]
name = "health"
paths = ["/health"]
access = "anyone"

[[rules]]
name = "recent"
paths = ["/recent"]
max_authentication_age = 0

[[rules]]
name = "user"
paths = ["/user"]
claims = { amr = { contains = "pwd" } }
max_authentication_age = 3600

[[rules]]
name = "open"
paths = ["/open"]
stale = { open = 3 }

[[rules]]
name = "asked"
paths = ["/asked"]
stale = "introspect"

[[rules]]
name = "closed"
paths = ["/closed"]

[[rules]]
name = "few"
paths = ["/few"]
limit = "few"

[[rules]]
name = "few for users"
paths = ["/few/users"]
claims = { amr = { contains = "pwd" } }
limit = "few"

[limits.few]
requests = 2
seconds = 3600
"#;

const PAGES: &str = r#"
[[rules]]
name = "pages"
methods = ["PUT"]
paths = ["/pages"]
cors = "shop"

[cors.shop]
origins = ["https://shop.example"]

[[upstream]]
name = "nobody"
url = "http://127.0.0.1:9"
"#;

fn ask(guard: &Guard, target: &str, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    guard.get("/verify", &[("Authorization", &bearer), ("X-Original-Method", "GET"), ("X-Original-URI", target)])
}

#[test]
fn a_users_token_and_a_services_pass_where_the_rules_let_them() {
    let authority = Authority::start();
    let guard = Guard::start_with(&authority, RULES);
    let code = Browser::new(&authority).log_in();
    let user = text(&authority.redeem(&code, VERIFIER).json(), "/access_token").to_owned();
    let service = authority.service_token();
    assert_eq!(ask(&guard, "/user", &user).status, 200);
    assert_eq!(ask(&guard, "/closed", &service).status, 200);
    assert_eq!(ask(&guard, "/user", &service).code(), "guard.unmet_claim");
    assert_eq!(ask(&guard, "/nowhere", &user).code(), "guard.no_rule");
    // A second later the login is too old for a rule that wants one of this very second.
    wait_for("the login to be old", || ask(&guard, "/recent", &user).status == 401);
    let step_up = ask(&guard, "/recent", &user);
    let challenge = step_up.header("www-authenticate");
    assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{step_up:?}");
    assert!(challenge.contains("max_age=\"0\""), "{step_up:?}");
    let metrics = guard.get("/metrics", &[]);
    assert!(metrics.body.contains("probity_guard_decisions_total{verdict=\"forbidden\"} 2"), "{metrics:?}");
}

#[test]
fn a_subject_makes_as_many_requests_as_its_limit_allows_and_only_those_that_pass_count() {
    let authority = Authority::start();
    let guard = Guard::start_with(&authority, RULES);
    let code = Browser::new(&authority).log_in();
    let user = text(&authority.redeem(&code, VERIFIER).json(), "/access_token").to_owned();
    let service = authority.service_token();
    for _ in 0..5 {
        assert_eq!(ask(&guard, "/few/users", &service).code(), "guard.unmet_claim");
        assert_eq!(ask(&guard, "/few", "no token").status, 401);
    }
    assert_eq!([ask(&guard, "/few", &service).status, ask(&guard, "/few", &service).status], [200; 2]);
    let third = ask(&guard, "/few", &service);
    assert_eq!((third.status, third.code().as_str()), (429, "guard.too_many_requests"));
    let wait: u64 = third.header("retry-after").parse().unwrap();
    assert!((1700..=1800).contains(&wait), "{third:?}");
    assert_eq!(ask(&guard, "/closed", &service).status, 200, "another rule has another limit, or none");
    let users = ["/few", "/few/users", "/few/users"].map(|target| ask(&guard, target, &user).status);
    assert_eq!(users, [200, 200, 429], "another subject; and both rules share the limit");
    let metrics = guard.get("/metrics", &[]);
    assert!(metrics.body.contains("probity_guard_decisions_total{verdict=\"limited\"} 2"), "{metrics:?}");
}

#[test]
fn a_client_without_a_token_is_shown_the_resources_metadata() {
    let authority = Authority::start();
    let guard = Guard::start_with(&authority, RULES);
    let refused = guard.get("/forward-auth", &[("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", "/closed")]);
    let address = "https://api.localhost/.well-known/oauth-protected-resource/mcp";
    assert_eq!(refused.status, 401);
    let expected = format!("resource_metadata=\"{address}\"");
    assert!(refused.header("www-authenticate").contains(&expected), "{refused:?}");
    let document = guard.get("/.well-known/oauth-protected-resource/mcp", &[]).json();
    assert_eq!(text(&document, "/resource"), "https://api.localhost/mcp");
    assert_eq!(text(&document, "/authorization_servers/0"), authority.issuer());
    assert_eq!(guard.get("/ext-authz/health", &[]).status, 200, "Envoy's way of asking");
    assert_eq!(guard.get("/ext-authz/closed", &[]).status, 401);
}

#[test]
fn while_revocations_are_not_known_each_rule_does_what_it_says() {
    let mut authority = Authority::start();
    let guard = Guard::start_with(&authority, RULES);
    let token = authority.service_token();
    let revoked = authority.service_token();
    authority.admin_json(&["revoke", "token", text(&crate::harness::claims(&revoked), "/jti")]);
    assert_eq!(ask(&guard, "/open", &token).status, 200);
    authority.process.kill();
    wait_for("the lease to end", || ask(&guard, "/closed", &token).status == 503);
    assert_eq!(ask(&guard, "/health", &token).status, 200);
    assert_eq!(ask(&guard, "/open", &token).status, 200);
    assert_eq!(ask(&guard, "/open", &revoked).code(), "revoked.token", "what is known counts");
    assert_eq!(ask(&guard, "/asked", &token).status, 503, "nobody is there to be asked");
    let metrics = guard.get("/metrics", &[]);
    assert!(metrics.body.contains("probity_guard_passed_stale_total 1"), "{metrics:?}");
    assert!(guard.log().contains("without knowing revocations"));
    wait_for("the time for open to end", || ask(&guard, "/open", &token).status == 503);
}

fn check(authority: &Authority, arguments: &[&str]) -> (i32, Value) {
    let mut command = Command::new(PROBITY);
    command.args(["guard", "check", "--json", "--config"]).arg(authority.data("rules.toml")).args(arguments);
    let output = command.output().unwrap();
    let document = serde_json::from_slice(&output.stdout);
    (output.status.code().unwrap(), document.unwrap_or_else(|_| panic!("{output:?}")))
}

#[test]
fn guard_check_says_which_rule_decides_and_why() {
    let authority = Authority::start();
    let proxy = format!("{RULES}{PAGES}\n[proxy]\nlisten = \"127.0.0.1:{}\"\n", free_port());
    let _guard = Guard::start_with(&authority, &proxy);
    let (status, health) = check(&authority, &["--uri", "/health"]);
    assert_eq!((status, text(&health, "/rule"), text(&health, "/verdict")), (0, "health", "passes"));
    let (status, nothing) = check(&authority, &["--uri", "/closed"]);
    assert_eq!((status, text(&nothing, "/verdict")), (1, "guard.no_credentials"));
    assert_eq!(text(&nothing, "/rules/0/fits"), "is for other paths");
    assert_eq!(text(&nothing, "/rules/5/fits"), "decides");
    let (_, few) = check(&authority, &["--uri", "/few"]);
    assert_eq!(text(&few, "/rules/6/requires/limit"), "few");
    let (status, trick) = check(&authority, &["--uri", "/health/../closed"]);
    assert_eq!((status, text(&trick, "/verdict")), (1, "guard.bad_path"));
    let file = authority.data("token");
    fs::write(&file, authority.service_token()).unwrap();
    let token = file.to_str().unwrap();
    let (status, passes) = check(&authority, &["--uri", "/closed", "--token-file", token]);
    assert_eq!((status, text(&passes, "/reason")), (0, "the token fulfils rule closed"));
    let (status, unmet) = check(&authority, &["--uri", "/user", "--token-file", token]);
    assert_eq!((status, text(&unmet, "/verdict")), (1, "guard.unmet_claim"));
    let (status, few) = check(&authority, &["--uri", "/few", "--token-file", token]);
    assert_eq!((status, text(&few, "/reason")), (0, "the token fulfils rule few, and limit few counts the request"));
    let asks = ["--uri", "/pages", "--method", "OPTIONS", "--header", "Access-Control-Request-Method: PUT", "--header"];
    let (status, may) = check(&authority, &[&asks[..], &["Origin: https://shop.example"]].concat());
    assert_eq!((status, text(&may, "/rule"), text(&may, "/verdict")), (0, "pages", "preflight"));
    assert_eq!(text(&may, "/rules/8/fits"), "decides");
    let (status, may_not) = check(&authority, &[&asks[..], &["Origin: https://evil.example"]].concat());
    assert_eq!((status, text(&may_not, "/rule"), text(&may_not, "/verdict")), (1, "pages", "guard.cross_origin"));
}
