//! Clients that others have written, from their registries, against the real binary over TLS (see `interop/README.md`).
//!
//! Each flow of each client is a row of a table that `cargo xtask test` prints.

mod apache;
mod person;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Authority, text};
use crate::interop::{node_program, python_program};
use crate::toolbox::generate;
use person::Person;

/// Where the clients say that they are; nothing has to answer there.
const REDIRECT: &str = "https://client.example/callback";
const AFTER_LOGOUT: &str = "https://client.example/bye";
const RESOURCE: &str = "https://resource.example/api";
const SCOPE: &str = "openid read offline_access";

/// An authority with the clients `peer` (a secret), `signer` (a key) and `public`; what a client is told.
fn authority() -> (Authority, Value) {
    let mut authority = Authority::start();
    let key = generate("ES256");
    let member = |name: &str| text(&key, &format!("/{name}")).to_owned();
    let jwk = format!(
        r#"{{ kty = "EC", crv = "P-256", kid = "k", alg = "ES256", x = "{}", y = "{}" }}"#,
        member("x"),
        member("y")
    );
    let audience = authority.audience().to_owned();
    let shared = format!(
        r#"
redirect_uris = ["{REDIRECT}"]
scopes = ["openid", "read", "offline_access"]
audience = "{audience}"
policy = {{ resources = ["{RESOURCE}"], exchanges_tokens_for = ["{audience}"] }}"#
    );
    authority.configure(&format!(
        r#"
[[clients]]
client_id = "peer"
client_secret_file = "service.secret"
grant_types = ["authorization_code", "refresh_token", "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange"]
metadata = {{ post_logout_redirect_uris = ["{AFTER_LOGOUT}"] }}{shared}

[[clients]]
client_id = "signer"
grant_types = ["authorization_code", "client_credentials"]
metadata = {{ token_endpoint_auth_method = "private_key_jwt", jwks = {{ keys = [{jwk}] }} }}{shared}

[[clients]]
client_id = "public"
grant_types = ["authorization_code", "refresh_token"]{shared}"#
    ));
    let told = json!({
        "issuer": authority.issuer(), "secret": authority.service().1, "key": key, "scope": SCOPE, "resource": RESOURCE,
        "audience": audience, "redirect_uri": REDIRECT, "after_logout": AFTER_LOGOUT,
    });
    (authority, told)
}

/// Runs all flows of a client, being the person at its browser; each must go well.
fn all_flows(name: &str, expected: usize, command: &mut Command) {
    let (authority, told) = authority();
    let mut person = Person::new(&authority);
    let ca = authority.data("ca.pem");
    // For node, and for Python's requests.
    command.env("NODE_EXTRA_CA_CERTS", &ca).env("REQUESTS_CA_BUNDLE", &ca).env("NO_PROXY", "localhost");
    let errors = fs::File::create(authority.folder.path().join("client.log")).unwrap();
    let mut client = command
        .arg(told.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut answers = client.stdin.take().unwrap();
    let mut flows = Vec::new();
    for line in BufReader::new(client.stdout.take().unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if let Some(address) = line["open"].as_str() {
            writeln!(answers, "{}", person.go(address)).unwrap();
        } else {
            flows.push((text(&line, "/flow").to_owned(), line["error"].as_str().map(str::to_owned)));
        }
    }
    client.wait().unwrap();
    record(name, &flows);
    let failed: Vec<_> = flows.iter().filter(|(_, error)| error.is_some()).collect();
    let log = fs::read_to_string(authority.folder.path().join("client.log")).unwrap();
    assert!(failed.is_empty(), "{name}: {failed:#?}\n{log}");
    assert_eq!(flows.len(), expected, "{name} has not run all its flows: {flows:#?}\n{log}");
}

/// Writes the client's rows of the table.
fn record(name: &str, flows: &[(String, Option<String>)]) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("interop/clients");
    fs::create_dir_all(&folder).unwrap();
    let rows: Vec<String> = flows
        .iter()
        .map(|(flow, error)| format!("| {name} | {flow} | {} |", if error.is_some() { "FAILED" } else { "good" }))
        .collect();
    fs::write(folder.join(format!("{name}.md")), rows.join("\n") + "\n").unwrap();
}

/// A program on node with the packages of `interop/clients`.
fn node(program: &str) -> Command {
    node_program("clients-node", "interop/clients", &[program, "flows.mjs"])
}

#[test]
fn every_flow_of_openid_client_works() {
    all_flows("openid-client", 16, &mut node("openid-client.mjs"));
}

#[test]
fn every_flow_of_oauth4webapi_works() {
    all_flows("oauth4webapi", 12, &mut node("oauth4webapi.mjs"));
}

#[test]
fn every_flow_of_authlib_works() {
    all_flows("Authlib", 7, &mut python_program("clients-python", "interop/clients", "authlib_client.py"));
}
