//! LEAK-09: Token too large for its carrier.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "LEAK-09",
    title: "Token too large for its carrier",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "ASVS 3.3.5; CWE-770",
    why: "Browsers drop cookies above 4096 bytes, servers refuse headers above 8 kB: users are logged out at random.",
    fix: "Put fewer claims into the token.",
    bad: Example::http(
        r"GET / HTTP/1.1
Host: app.example
X-Note: @large
---
HTTP/1.1 200 OK
",
    ),
    good: Example::http(
        r"GET / HTTP/1.1
Host: app.example
Authorization: Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln
---
HTTP/1.1 200 OK
",
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    let (limit, carrier) = match &token.carrier {
        Carrier::Cookie(_) => (4_096, "a cookie"),
        _ => (8_192, "a header"),
    };
    if token.text.len() <= limit {
        return Outcome::passed(format!("{} bytes", token.text.len()));
    }
    fail(format!("The token has {} bytes, and {carrier} holds {limit}.", token.text.len())).into()
}
