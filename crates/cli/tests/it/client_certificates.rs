//! Clients that authenticate by certificates: RFC 8705, over real TLS.

use std::fs;
use std::process::Command;

use probity_jose::{SignatureAlgorithm, VerifyingKey};
use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::application::Application;
use crate::harness::{Answer, Authority, Client, Guard, PROBITY, claims, free_port, text};

/// Starts an authority that asks for certificates as `section` says, with a client for this one.
fn start(certified: &CertifiedKey<rcgen::KeyPair>, section: &str) -> Authority {
    let mut authority = Authority::start();
    authority.process.terminate();
    let key = VerifyingKey::from_public_pem(&certified.signing_key.public_key_pem(), SignatureAlgorithm::Es256);
    let key = key.unwrap().to_jwk().unwrap();
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&key).unwrap();
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let file = authority.data("serve.toml");
    let mut config = fs::read_to_string(&file).unwrap();
    let members = members.join(", ");
    config.extend([
        "\n[client_certificates]\n",
        section,
        "\n[[clients]]\nclient_id = 'certified'\ngrant_types = ['client_credentials']\naudience = 'a'\n\
         metadata.token_endpoint_auth_method = 'self_signed_tls_client_auth'\n\
         metadata.tls_client_certificate_bound_access_tokens = true\nmetadata.jwks = { keys = [{ ",
        &members,
        " }] }\n",
    ]);
    fs::write(file, config).unwrap();
    authority.restart();
    authority
}

fn certificate() -> CertifiedKey<rcgen::KeyPair> {
    generate_simple_self_signed(["client".to_owned()]).unwrap()
}

fn pem(certified: &CertifiedKey<rcgen::KeyPair>) -> String {
    format!("{}{}", certified.cert.pem(), certified.signing_key.serialize_pem())
}

fn ask(client: &Client, endpoint: &str) -> Answer {
    let form = [("grant_type", "client_credentials"), ("client_id", "certified")];
    client.send(client.post(endpoint).form(&form))
}

#[test]
fn a_client_gets_tokens_for_its_certificate_and_bound_to_it() {
    let (own, other) = (certificate(), certificate());
    let authority = start(&own, "");
    let token = ask(&authority.client_with_certificate(&pem(&own)), "/token").json();
    assert!(claims(text(&token, "/access_token")).pointer("/cnf/x5t#S256").is_some(), "{token}");
    let stranger = ask(&authority.client_with_certificate(&pem(&other)), "/token");
    assert_eq!(stranger.error(), (401, "invalid_client".to_owned()));
    assert_eq!(ask(&authority.client(), "/token").error(), (401, "invalid_client".to_owned()));
    authority.service_token();
}

/// A certificate as nginx writes it into a header.
fn escaped(certified: &CertifiedKey<rcgen::KeyPair>) -> String {
    certified.cert.pem().replace('\r', "").replace('\n', "%0A").replace(' ', "%20")
}

#[test]
fn a_guard_takes_a_token_that_is_bound_to_a_certificate_when_a_proxy_that_it_believes_has_seen_it() {
    let (own, other) = (certificate(), certificate());
    let authority = start(&own, "");
    let token = ask(&authority.client_with_certificate(&pem(&own)), "/token").json();
    let bearer = format!("Bearer {}", text(&token, "/access_token"));
    let rules = "[client_certificates]\nheader = 'X-Cert'\nformat = 'escaped_pem'\nfrom = ['127.0.0.1']\n\
        [[rules]]\nname = 'all'\naudience = 'a'\n";
    let guard = Guard::start_with(&authority, rules);
    let asked = |certificate: &str| {
        let request = [("X-Original-Method", "GET"), ("X-Original-URI", "/"), ("Authorization", &bearer)];
        guard.get("/verify", &[&request[..], &[("X-Cert", certificate)]].concat())
    };
    assert_eq!(asked(&escaped(&own)).status, 200);
    for wrong in [&escaped(&other), "", "x"] {
        let refused = asked(wrong);
        assert_eq!((refused.status, refused.code().as_str()), (401, "guard.wrong_certificate"));
        assert!(refused.header("www-authenticate").starts_with("Bearer "), "{refused:?}");
    }
}

#[test]
fn a_guard_that_asks_for_certificates_takes_a_bound_token_on_a_connection_with_its_certificate_only() {
    let (own, other) = (certificate(), certificate());
    let (authority, port) = (start(&own, ""), free_port());
    let application = Application::start();
    let token = ask(&authority.client_with_certificate(&pem(&own)), "/token").json();
    let token = text(&token, "/access_token");
    let proxy = format!(
        "[[rules]]\nname = 'all'\naudience = 'a'\n\
         [proxy]\nlisten = '127.0.0.1:{port}'\nclient_certificates = true\n\
         [proxy.tls]\ncertificate_file = 'tls.pem'\nkey_file = 'tls.key'\n\
         [[upstream]]\nname = 'app'\nurl = 'http://127.0.0.1:{}'\n",
        application.port
    );
    let _guard = Guard::start_with(&authority, &proxy);
    let come = |client: &Client| client.send(client.get(&format!("https://localhost:{port}/")).bearer_auth(token));
    assert_eq!(come(&authority.client_with_certificate(&pem(&own))).status, 200);
    for client in [authority.client(), authority.client_with_certificate(&pem(&other))] {
        let refused = come(&client);
        assert_eq!((refused.status, refused.code().as_str()), (401, "guard.wrong_certificate"));
    }
    assert_eq!(application.take().len(), 1);
    let [token_file, own_file, other_file] = ["token", "own.pem", "other.pem"].map(|name| authority.data(name));
    let files = [(&token_file, token.to_owned()), (&own_file, own.cert.pem()), (&other_file, other.cert.pem())];
    files.into_iter().for_each(|(file, text)| fs::write(file, text).unwrap());
    for (certificate, code) in [(&own_file, 0), (&other_file, 1)] {
        let mut check = Command::new(PROBITY);
        check.args(["guard", "check", "--uri", "/", "--config"]).arg(authority.data("rules.toml"));
        check.arg("--token-file").arg(&token_file).arg("--certificate").arg(certificate);
        assert_eq!(check.output().unwrap().status.code(), Some(code));
    }
}

#[test]
fn certificates_can_be_asked_for_at_an_address_of_their_own_only() {
    let own = certificate();
    let port = free_port();
    let authority = start(&own, &format!("listen = '127.0.0.1:{port}'\nurl = 'https://localhost:{port}'"));
    let client = authority.client_with_certificate(&pem(&own));
    let metadata = client.send(client.get("/.well-known/openid-configuration")).json();
    let alias = text(&metadata, "/mtls_endpoint_aliases/token_endpoint");
    assert_eq!(alias, format!("https://localhost:{port}/token"));
    assert_eq!(ask(&client, alias).status, 200);
    assert_eq!(ask(&client, "/token").error(), (401, "invalid_client".to_owned()), "nobody has asked for it there");
}

#[test]
fn an_authority_with_two_addresses_stops_when_it_is_asked_to() {
    let port = free_port();
    let mut authority =
        start(&certificate(), &format!("listen = '127.0.0.1:{port}'\nurl = 'https://localhost:{port}'"));
    assert!(authority.process.terminate().success());
}
