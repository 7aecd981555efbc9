//! STO-01: Cookie without Secure.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-01",
    title: "Cookie without Secure",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "ASVS 3.3.1; NIST 63B-4 5.1.1 SHALL; CWE-614",
    why: "Without `Secure` a browser sends the token over plain HTTP too, where anyone on the way reads it.",
    fix: "Set `Secure` on the cookie.",
    bad: Example::http(
        r"GET / HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Set-Cookie: session=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIiwiZXhwIjoxNzAwMDAwMzAwfQ.c2ln; HttpOnly
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
    if cookie.attribute("secure").is_some() {
        return Outcome::pass();
    }
    fail(format!("The cookie `{}` has no `Secure`.", cookie.name)).fact("Set-Cookie", cookie.redacted()).into()
}
