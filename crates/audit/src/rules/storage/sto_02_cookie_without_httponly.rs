//! STO-02: Cookie without HttpOnly.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-02",
    title: "Cookie without HttpOnly",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "ASVS 3.3.4; NIST 5.1.1 SHOULD; CWE-1004",
    why: "Without `HttpOnly` every script on the page can read the token and send it away.",
    fix: "Set `HttpOnly` on the cookie.",
    bad: Example::http(
        r"GET / HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Set-Cookie: session=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIiwiZXhwIjoxNzAwMDAwMzAwfQ.c2ln; Secure
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

fn check(cookie: &Cookie, _: &Setting<'_>) -> Outcome {
    if cookie.deletes() {
        return Outcome::not_applicable("the cookie is deleted");
    }
    if cookie.attribute("httponly").is_some() {
        return Outcome::pass();
    }
    fail(format!("The cookie `{}` has no `HttpOnly`.", cookie.name)).fact("Set-Cookie", cookie.redacted()).into()
}
