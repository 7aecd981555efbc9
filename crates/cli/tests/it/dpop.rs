//! Tokens that are bound to a key, end to end: a real authority issues one, a real guard takes it only with a fresh proof.

use aws_lc_rs::digest::{SHA256, digest};
use probity_jose::{SignatureAlgorithm, SigningKey, base64url, jws};
use probity_verifier::clock::unix_now;
use serde_json::{Value, json};

use crate::harness::{Answer, Authority, Guard, text};

const ORIGIN: &str = "https://api.localhost";

/// Makes proofs.
struct Prover {
    key: SigningKey,
}

/// What a proof says; each is a new one.
struct About<'a> {
    method: &'a str,
    url: &'a str,
    nonce: Option<&'a str>,
    token: Option<&'a str>,
    id: &'a str,
}

impl Prover {
    fn new() -> Self {
        Self { key: SigningKey::generate(SignatureAlgorithm::Es256).unwrap() }
    }

    fn prove(&self, about: &About<'_>) -> String {
        self.prove_at(about, unix_now().as_secs())
    }

    fn prove_at(&self, about: &About<'_>, issued: u64) -> String {
        let jwk: Value = serde_json::from_str(&self.key.public_jwk().unwrap()).unwrap();
        let header =
            json!({"typ": "dpop+jwt", "jwk": {"kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"]}});
        let mut claims = json!({"jti": about.id, "htm": about.method, "htu": about.url, "iat": issued});
        if let Some(nonce) = about.nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(token) = about.token {
            claims["ath"] = base64url::encode(digest(&SHA256, token.as_bytes()).as_ref()).into();
        }
        let header = jws::NewHeader::from_json(header.to_string().as_bytes()).unwrap();
        jws::sign(&header, claims.to_string().as_bytes(), &self.key).unwrap()
    }

    /// A token of the first confidential client, bound to this key.
    fn token(&self, authority: &Authority) -> String {
        let (id, secret) = authority.service();
        let client = authority.client();
        let ask = |nonce: Option<&str>, jti: &str| {
            let url = format!("{}/token", authority.issuer());
            let proof = self.prove(&About { method: "POST", url: &url, nonce, token: None, id: jti });
            let request = client.post("/token").basic_auth(id, Some(secret)).header("DPoP", proof);
            client.send(request.form(&[("grant_type", "client_credentials")]))
        };
        let refused = ask(None, "1");
        assert_eq!(refused.error(), (400, "use_dpop_nonce".into()), "RFC 9449 section 8");
        let answer = ask(Some(refused.header("dpop-nonce")), "2");
        assert_eq!((answer.status, text(&answer.json(), "/token_type")), (200, "DPoP"), "{answer:?}");
        text(&answer.json(), "/access_token").to_owned()
    }
}

fn ask(guard: &Guard, scheme: &str, token: &str, proofs: &[&str]) -> Answer {
    let authorization = format!("{scheme} {token}");
    let mut headers = vec![
        ("Authorization", authorization.as_str()),
        ("X-Original-Method", "GET"),
        ("X-Original-URI", "/orders?a=b"),
    ];
    headers.extend(proofs.iter().map(|proof| ("DPoP", *proof)));
    guard.get("/verify", &headers)
}

#[test]
fn a_bound_token_passes_once_for_each_proof_and_only_with_one_for_this_request() {
    let authority = Authority::start();
    let guard = Guard::start_with(&authority, &format!("[dpop]\norigins = [\"{ORIGIN}\"]"));
    let (prover, thief) = (Prover::new(), Prover::new());
    let token = prover.token(&authority);
    let url = format!("{ORIGIN}/orders");
    let good = |id| About { method: "GET", url: &url, nonce: None, token: Some(&token), id };

    let proof = prover.prove(&good("a"));
    assert_eq!(ask(&guard, "DPoP", &token, &[&proof]).status, 200);
    let again = ask(&guard, "DPoP", &token, &[&proof]);
    assert_eq!((again.status, again.code()), (401, "guard.used_proof".into()));
    assert!(again.header("www-authenticate").starts_with("DPoP realm=\"probity\", error=\"invalid_dpop_proof\""));
    assert_eq!(ask(&guard, "dpop", &token, &[&prover.prove(&good("b"))]).status, 200, "a new proof is good");

    let now = unix_now().as_secs();
    let long = "x".repeat(600);
    let elsewhere = format!("{ORIGIN}/other");
    let bad = [
        ("another's key", thief.prove(&good("c"))),
        ("another method", prover.prove(&About { method: "POST", ..good("d") })),
        ("another path", prover.prove(&About { url: &elsewhere, ..good("e") })),
        ("another origin", prover.prove(&About { url: "https://evil.example/orders", ..good("f") })),
        ("another token", prover.prove(&About { token: Some("x"), ..good("g") })),
        ("no token", prover.prove(&About { token: None, ..good("h") })),
        ("too old", prover.prove_at(&good("i"), now - 100)),
        ("from the future", prover.prove_at(&good("j"), now + 100)),
        ("an identifier without end", prover.prove(&good(&long))),
        ("no proof", "x".to_owned()),
    ];
    for (what, proof) in &bad {
        let refused = ask(&guard, "DPoP", &token, &[proof]);
        assert_eq!((refused.status, refused.code()), (401, "guard.bad_proof".into()), "{what}");
    }
    let two = [&*prover.prove(&good("k")), &prover.prove(&good("l"))];
    assert_eq!(ask(&guard, "DPoP", &token, &two).code(), "guard.bad_proof", "one header");
    assert_eq!(ask(&guard, "DPoP", &token, &[]).code(), "guard.bad_proof");
    let bearer = ask(&guard, "Bearer", &token, &[&prover.prove(&good("m"))]);
    assert_eq!((bearer.status, bearer.code()), (401, "guard.sender_constrained".into()), "section 7.2");
    let plain = authority.service_token();
    let proof = prover.prove(&About { token: Some(&plain), ..good("n") });
    assert_eq!(ask(&guard, "DPoP", &plain, &[&proof]).code(), "guard.bad_proof", "it is bound to nothing");

    authority.admin_json(&["revoke", "client", authority.service().0, "--json"]);
    let revoked = ask(&guard, "DPoP", &token, &[&prover.prove(&good("o"))]);
    assert_eq!(revoked.code(), "revoked.client", "a proof helps nobody whose token is revoked");
}

#[test]
fn without_dpop_in_its_configuration_a_guard_refuses_bound_tokens() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let prover = Prover::new();
    let token = prover.token(&authority);
    let url = format!("{ORIGIN}/orders");
    let proof = prover.prove(&About { method: "GET", url: &url, nonce: None, token: Some(&token), id: "a" });
    assert_eq!(ask(&guard, "DPoP", &token, &[&proof]).code(), "guard.malformed_credentials");
    assert_eq!(ask(&guard, "Bearer", &token, &[&proof]).code(), "guard.sender_constrained");
}
