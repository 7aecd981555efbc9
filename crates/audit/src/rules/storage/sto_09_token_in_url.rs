//! STO-09: Token in a URL.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-09",
    title: "Token in a URL",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "ASVS 14.2.1; RFC 9700 4.3.2; RFC 6750 5.3; API2:2023; CWE-598",
    why: "URLs are kept: in histories, logs, proxies, and in the Referer of the next request.",
    fix: "Send tokens in the Authorization header or in a POST body.",
    bad: Example::http(
        r"GET /me?access_token=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln HTTP/1.1
Host: api.example
---
HTTP/1.1 200 OK
",
    ),
    good: Example::http(
        r"GET /me HTTP/1.1
Host: api.example
Authorization: Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln
---
HTTP/1.1 200 OK
",
    ),
    checks: &[Check::Exchange(check)],
};

fn check(exchange: &Exchange, _: &Setting<'_>) -> Outcome {
    let location = exchange.response_header("location").unwrap_or_default();
    for (what, url) in [("the URL of a request", exchange.url.as_str()), ("the Location of a response", location)] {
        // A logout names its session by an ID token in the query (OpenID Connect RP-Initiated Logout section 2).
        let hint = url.contains("id_token_hint=");
        if !find_tokens(url).is_empty() && !hint {
            return fail(format!("A token is in {what}.")).fact("URL", crate::redact::tokens_in(url)).into();
        }
    }
    Outcome::pass()
}
