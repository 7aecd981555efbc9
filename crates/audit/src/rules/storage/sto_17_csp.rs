//! STO-17: CSP missing or with unsafe-inline on a page that holds tokens.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-17",
    title: "CSP missing or with unsafe-inline on a page that holds tokens",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "ASVS 3.4.3; CWE-79 (defence in depth)",
    why: "A page that holds tokens and runs injected scripts gives them away.",
    fix: "Set a Content-Security-Policy with nonces.",
    bad: Example::http(
        r"GET https://app.example/ HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Content-Type: text/html
Set-Cookie: session=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln

<p>hello</p>",
    ),
    good: Example::http(
        r"GET https://app.example/ HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Content-Type: text/html
Content-Security-Policy: default-src 'self'; script-src 'nonce-r4nd0m'
Set-Cookie: session=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln

<p>hello</p>",
    ),
    checks: &[Check::Exchange(check)],
};

fn check(exchange: &Exchange, _: &Setting<'_>) -> Outcome {
    let html = exchange.response_header("content-type").unwrap_or_default().contains("html");
    if !html || exchange.tokens().is_empty() {
        return Outcome::not_applicable("no page that holds a token");
    }
    let Some(policy) = exchange.response_header("content-security-policy") else {
        return fail(format!(
            "{} holds a token and has no Content-Security-Policy.",
            crate::redact::tokens_in(&exchange.url)
        ))
        .into();
    };
    let scripts = policy
        .split(';')
        .map(str::trim)
        .find(|part| part.starts_with("script-src"))
        .or_else(|| policy.split(';').map(str::trim).find(|part| part.starts_with("default-src")));
    match scripts {
        Some(part) if part.contains("'unsafe-inline'") && !part.contains("'nonce-") && !part.contains("'sha") => {
            fail("The policy allows inline scripts.").fact("Content-Security-Policy", policy).into()
        }
        Some(_) => Outcome::pass(),
        None => fail("The policy says nothing about scripts.").fact("Content-Security-Policy", policy).into(),
    }
}
