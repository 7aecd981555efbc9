//! LEAK-07: Token in page or script body.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "LEAK-07",
    title: "Token in page or script body",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "ASVS 3.3.4, 3.5.7, 10.1.1; CWE-522",
    why: "A token in a page or script can be read by every script on it, and is kept in caches.",
    fix: "Keep the token on the server side, or hand it over in a header.",
    bad: Example::http(
        r#"GET /app HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Content-Type: text/html

<script>window.token="eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"</script>"#,
    ),
    good: Example::http(
        r"GET /app HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Content-Type: text/html

<p>Hello</p>",
    ),
    checks: &[Check::Exchange(check)],
};

fn check(exchange: &Exchange, _: &Setting<'_>) -> Outcome {
    if !exchange.is_page() {
        return Outcome::not_applicable("no page or script");
    }
    match find_tokens(&exchange.response_body).first() {
        Some((at, _)) => fail(format!("A token is in the body of {}.", crate::redact::tokens_in(&exchange.url)))
            .fact("offset", at.to_string())
            .into(),
        None => Outcome::pass(),
    }
}
