//! STO-18: Token sent to another host.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-18",
    title: "Token sent to another host",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "ASVS 10.1.1, 14.2.3; RFC 9700 4.9.1; CWE-201",
    why: "A token that goes to a host that it is not for is a token that this host has.",
    fix: "Bind the client to the hosts that its token is for.",
    bad: Example::http(
        r"GET /pixel HTTP/1.1
Host: tracker.example
Authorization: Bearer eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL2FwaS5leGFtcGxlIn0.c2ln
---
HTTP/1.1 200 OK
",
    ),
    good: Example::http(
        r"GET /me HTTP/1.1
Host: api.example
Authorization: Bearer eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL2FwaS5leGFtcGxlIn0.c2ln
---
HTTP/1.1 200 OK
",
    ),
    checks: &[Check::Exchange(check)],
};

fn check(exchange: &Exchange, _: &Setting<'_>) -> Outcome {
    let host = exchange.host();
    let related = |url: &str| {
        let other = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase));
        other.is_none_or(|other| other == host || site(&other) == site(&host))
    };
    let sent = exchange.tokens().into_iter().filter(|token| match &token.carrier {
        Carrier::Header(name) => exchange.request_header(name).is_some(),
        _ => false,
    });
    for token in sent {
        let audiences = token.audiences();
        let named: Vec<&str> = audiences.iter().copied().filter(|audience| audience.contains("://")).collect();
        // The issuer may see its own tokens, and an audience that is no URL tells nothing of hosts.
        let issuer = token.issuer().is_some_and(related);
        if !named.is_empty() && !issuer && !named.iter().any(|audience| related(audience)) {
            return fail(format!("A token for {} was sent to {host}.", named.join(", "))).into();
        }
    }
    Outcome::pass()
}

/// The last two labels of a host: good enough to see that hosts belong together, and errs on the silent side.
fn site(host: &str) -> String {
    let mut labels: Vec<&str> = host.rsplit('.').take(2).collect();
    labels.reverse();
    labels.join(".")
}
