//! LEAK-03: Cleartext personal data in a session cookie.

use crate::evidence::personal_data;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "LEAK-03",
    title: "Cleartext personal data in a session cookie",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "NIST SP 800-63B-4 5.1.1 (SHALL NOT contain cleartext personal information; SHOULD be opaque); CWE-315",
    why: "A cookie lies in the browser's store in clear, and goes with every request.",
    fix: "Use an opaque session identifier, or encrypt the cookie.",
    bad: Example::http(
        r"GET / HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Set-Cookie: session=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIiwiZW1haWwiOiJhbGljZUBleGFtcGxlLm9yZyJ9.c2ln; Secure; HttpOnly
",
    ),
    good: Example::http(
        r"GET / HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Set-Cookie: session=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln; Secure; HttpOnly
",
    ),
    checks: &[Check::Cookie(check)],
};

fn check(cookie: &Cookie, _: &Setting<'_>) -> Outcome {
    let found = cookie.token().map(|token| personal_data(&token.claims)).unwrap_or_default();
    if found.is_empty() {
        return Outcome::pass();
    }
    let names: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    fail(format!("The cookie `{}` holds personal data in clear: {}.", cookie.name, names.join(", "))).into()
}
