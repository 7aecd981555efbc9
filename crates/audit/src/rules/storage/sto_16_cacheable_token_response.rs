//! STO-16: Token response can be cached.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-16",
    title: "Token response can be cached",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 6749 5.1 MUST; ASVS 14.3.2; CWE-525",
    why: "A response with a token in a cache is a token for whoever reads the cache.",
    fix: "Send `Cache-Control: no-store` with every token.",
    bad: Example::http(
        r#"POST /token HTTP/1.1
Host: issuer.example
---
HTTP/1.1 200 OK
Content-Type: application/json

{"access_token":"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln","token_type":"Bearer"}"#,
    ),
    good: Example::http(
        r#"POST /token HTTP/1.1
Host: issuer.example
---
HTTP/1.1 200 OK
Content-Type: application/json
Cache-Control: no-store

{"access_token":"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln","token_type":"Bearer"}"#,
    ),
    checks: &[Check::Exchange(check)],
};

fn check(exchange: &Exchange, _: &Setting<'_>) -> Outcome {
    if find_tokens(&exchange.response_body).is_empty() {
        return Outcome::not_applicable("no token in the response's body");
    }
    // RFC 6749 section 5.1
    let control = exchange.response_header("cache-control").unwrap_or_default();
    if control.to_ascii_lowercase().contains("no-store") {
        return Outcome::pass();
    }
    fail(format!("The response of {} holds a token and may be cached.", crate::redact::tokens_in(&exchange.url)))
        .fact("Cache-Control", if control.is_empty() { "absent" } else { control })
        .into()
}
