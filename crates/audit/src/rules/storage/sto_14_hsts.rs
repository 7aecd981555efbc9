//! STO-14: HSTS missing or short.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-14",
    title: "HSTS missing or short",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "ASVS 3.4.1; RFC 6797; CWE-319",
    why: "Without HSTS the first request of a browser may go over plain HTTP, with the cookie.",
    fix: "Send `Strict-Transport-Security: max-age=31536000`.",
    bad: Example::http(
        r"GET https://app.example/ HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Content-Type: text/html

<p>hello</p>",
    ),
    good: Example::http(
        r"GET https://app.example/ HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Content-Type: text/html
Strict-Transport-Security: max-age=31536000; includeSubDomains

<p>hello</p>",
    ),
    checks: &[Check::Exchange(check)],
};

fn check(exchange: &Exchange, _: &Setting<'_>) -> Outcome {
    if !exchange.is_https() || !exchange.is_page() {
        return Outcome::not_applicable("no page over HTTPS");
    }
    let header = exchange.response_header("strict-transport-security").unwrap_or_default();
    let age =
        header.split(';').find_map(|part| part.trim().strip_prefix("max-age=")?.trim_matches('"').parse::<u64>().ok());
    match age {
        Some(age) if age >= A_YEAR => Outcome::passed(format!("max-age {age}")),
        Some(age) => fail(format!("HSTS holds for {age} seconds only.")).severity(Severity::Low).into(),
        None => fail(format!("{} sets no HSTS.", exchange.host())).into(),
    }
}

const A_YEAR: u64 = 31_536_000;
