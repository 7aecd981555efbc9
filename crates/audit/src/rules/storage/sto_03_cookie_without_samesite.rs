//! STO-03: SameSite missing or None.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-03",
    title: "SameSite missing or None",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "ASVS 3.3.2; NIST 5.1.1 SHOULD; CWE-1275",
    why: "With `SameSite=None`, or an old browser's default, other sites can make requests as the user.",
    fix: "Set `SameSite=Lax` or `Strict` on the cookie.",
    bad: Example::http(
        r"GET / HTTP/1.1
Host: app.example
---
HTTP/1.1 200 OK
Set-Cookie: session=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIiwiZXhwIjoxNzAwMDAwMzAwfQ.c2ln; Secure; HttpOnly; SameSite=None
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
    match cookie.attribute("samesite").map(str::to_ascii_lowercase).as_deref() {
        Some("lax" | "strict") => Outcome::pass(),
        Some("none") => fail(format!("The cookie `{}` has `SameSite=None`.", cookie.name))
            .fact("Set-Cookie", cookie.redacted())
            .into(),
        // Most browsers take Lax as the default, not all.
        _ => fail(format!("The cookie `{}` has no `SameSite`.", cookie.name))
            .severity(Severity::Low)
            .fact("Set-Cookie", cookie.redacted())
            .into(),
    }
}
