//! STO-04: No `__Host-` prefix.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-04",
    title: "No `__Host-` prefix",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "ASVS 3.3.3; NIST 5.1.1 SHOULD; draft-ietf-httpbis-layered-cookies; CWE-1275",
    why: "Without the prefix a neighbouring host can overwrite the cookie.",
    fix: "Name the cookie `__Host-…`, with `Path=/` and without `Domain`.",
    bad: Example::http(
        r"GET / HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Set-Cookie: session=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIiwiZXhwIjoxNzAwMDAwMzAwfQ.c2ln; Secure; HttpOnly; SameSite=Lax; Path=/
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
    if cookie.name.starts_with("__Host-") || cookie.name.starts_with("__Host-Http-") {
        return Outcome::pass();
    }
    fail(format!("The cookie `{}` has no `__Host-` prefix.", cookie.name)).into()
}
