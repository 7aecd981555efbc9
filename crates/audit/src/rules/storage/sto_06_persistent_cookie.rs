//! STO-06: Persistent token cookie.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-06",
    title: "Persistent token cookie",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "NIST 5.1 SHOULD NOT be persistent; CWE-539",
    why: "A cookie that stays on the disk stays when the browser is closed, and on a machine that is sold.",
    fix: "Leave `Max-Age` and `Expires` out, or end the cookie with its token.",
    bad: Example::http(
        r"GET / HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Set-Cookie: __Host-session=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIiwiZXhwIjoxNzAwMDAwMzAwfQ.c2ln; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000
",
    ),
    good: Example::http(
        r"GET / HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Set-Cookie: __Host-session=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIiwiZXhwIjoxNzAwMDAwMzAwfQ.c2ln; Path=/; Secure; HttpOnly; SameSite=Lax
",
    ),
    checks: &[Check::Cookie(check)],
};

fn check(cookie: &Cookie, setting: &Setting<'_>) -> Outcome {
    let age = cookie.attribute("max-age").and_then(|age| age.parse::<i64>().ok());
    let persistent = age.map_or_else(|| cookie.attribute("expires").is_some() && !cookie.deletes(), |age| age > 0);
    if !persistent {
        return Outcome::passed("it ends with the browser");
    }
    let now = cookie.seen.unwrap_or(setting.now);
    let token_ends = cookie.token().and_then(|token| token.time("exp"));
    // A cookie that ends with its token keeps nothing for longer than it is worth something.
    if age.zip(token_ends).is_some_and(|(age, exp)| now + age <= exp + 60) {
        return Outcome::passed("it ends with its token");
    }
    fail(format!("The cookie `{}` outlives the browser.", cookie.name)).fact("Set-Cookie", cookie.redacted()).into()
}
