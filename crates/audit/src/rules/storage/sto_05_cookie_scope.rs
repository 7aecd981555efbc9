//! STO-05: Cookie scope too wide.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-05",
    title: "Cookie scope too wide",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "NIST 5.1.1 SHALL (minimum hosts and paths); CWE-1275",
    why: "A cookie for the whole domain goes to every host below it, also to those that others run.",
    fix: "Leave `Domain` out: the cookie is then for this host only.",
    bad: Example::http(
        r"GET / HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Set-Cookie: session=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIiwiZXhwIjoxNzAwMDAwMzAwfQ.c2ln; Secure; HttpOnly; Domain=example.com
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
    match cookie.attribute("domain").filter(|domain| !domain.is_empty()) {
        Some(domain) => fail(format!("The cookie `{}` is for every host below {domain}.", cookie.name))
            .fact("Set-Cookie", cookie.redacted())
            .into(),
        None => Outcome::pass(),
    }
}
