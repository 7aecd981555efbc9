//! STO-11: Token can leak through Referer.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-11",
    title: "Token can leak through Referer",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 9700 4.2.4; ASVS 3.4.5; CWE-200",
    why: "A page whose URL holds a token tells it to every host that it loads something from.",
    fix: "Keep tokens out of URLs, and set `Referrer-Policy: no-referrer`.",
    bad: Example::http(
        r#"GET /app?token=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Content-Type: text/html
Referrer-Policy: unsafe-url

<script src="https://cdn.example/x.js"></script>"#,
    ),
    good: Example::http(
        r#"GET /app?token=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Content-Type: text/html
Referrer-Policy: no-referrer

<script src="https://cdn.example/x.js"></script>"#,
    ),
    checks: &[Check::Exchange(check)],
};

fn check(exchange: &Exchange, _: &Setting<'_>) -> Outcome {
    // Seen as it happened: the Referer of a request to another host holds a token.
    let referer = exchange.request_header("referer").unwrap_or_default();
    let other_host = url::Url::parse(referer)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .is_some_and(|host| host != exchange.host());
    if other_host && !find_tokens(referer).is_empty() {
        return fail(format!("The Referer of a request to {} holds a token.", exchange.host())).into();
    }
    if find_tokens(&exchange.url).is_empty() || !exchange.is_page() {
        return Outcome::not_applicable("no page with a token in its URL");
    }
    let policy = exchange.response_header("referrer-policy").unwrap_or_default().to_ascii_lowercase();
    let loads_from_elsewhere =
        ["src=\"http", "src='http", "href=\"http"].iter().any(|mark| exchange.response_body.contains(mark));
    match policy.as_str() {
        "unsafe-url" | "no-referrer-when-downgrade" if loads_from_elsewhere => {
            fail("The page has a token in its URL, loads from other hosts, and sends them the whole URL.")
                .fact("Referrer-Policy", policy)
                .into()
        }
        _ => Outcome::passed("no other host is told the URL"),
    }
}
