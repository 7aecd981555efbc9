//! CLM-15: ID token without nonce / nonce not checked.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-15",
    title: "ID token without nonce / nonce not checked",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "OIDC Core 3.1.3.7; ASVS 10.5.1, 10.1.2; CWE-294",
    why: "The nonce ties an ID token to the login that the browser began; without it a stolen one can be injected.",
    fix: "Send a new nonce with each login, and compare it.",
    bad: Example::http(
        r#"GET /authorize?response_type=code&client_id=web&nonce=n-0S6_WzA2Mj HTTP/1.1
Host: issuer.example
---
HTTP/1.1 302 Found
Location: https://app.example/cb?code=x
===
POST /token HTTP/1.1
Host: issuer.example
---
HTTP/1.1 200 OK
Content-Type: application/json

{"id_token":"eyJhbGciOiJFUzI1NiJ9.eyJhdF9oYXNoIjoieCIsInN1YiI6ImEifQ.c2ln"}"#,
    ),
    good: Example::http(
        r#"GET /authorize?response_type=code&client_id=web&nonce=n-0S6_WzA2Mj HTTP/1.1
Host: issuer.example
---
HTTP/1.1 302 Found
Location: https://app.example/cb?code=x
===
POST /token HTTP/1.1
Host: issuer.example
---
HTTP/1.1 200 OK
Content-Type: application/json

{"id_token":"eyJhbGciOiJFUzI1NiJ9.eyJub25jZSI6Im4tMFM2X1d6QTJNaiIsInN1YiI6ImEifQ.c2ln"}"#,
    ),
    checks: &[Check::Evidence(check)],
};

fn check(evidence: &Evidence, _: &Setting<'_>) -> Outcome {
    let urls = evidence.exchanges.iter().filter_map(|exchange| url::Url::parse(&exchange.url).ok());
    let nonces: Vec<String> = urls
        .flat_map(|url| {
            url.query_pairs()
                .filter(|(name, _)| name == "nonce")
                .map(|(_, value)| value.into_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let ids: Vec<&Token> = evidence.tokens.iter().filter(|token| token.kind() == Kind::Id).collect();
    if nonces.is_empty() || ids.is_empty() {
        return Outcome::not_applicable("it takes a recorded login with a nonce, and its ID token");
    }
    let wrong = ids
        .iter()
        .filter(|token| token.claims.text("nonce").is_none_or(|nonce| !nonces.iter().any(|sent| sent == nonce)));
    let findings = wrong.map(|token| {
        let what = if token.claim("nonce").is_some() {
            "another nonce than was asked for"
        } else {
            "no nonce although one was asked for"
        };
        fail(format!("The ID token has {what}.")).at(token.place.clone())
    });
    Outcome::of(findings.collect())
}
