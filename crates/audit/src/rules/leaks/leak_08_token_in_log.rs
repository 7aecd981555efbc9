//! LEAK-08: Tokens in logs.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "LEAK-08",
    title: "Tokens in logs",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "ASVS 16.2.5; CWE-532",
    why: "Whoever reads the log can be everyone in it, until the tokens expire.",
    fix: "Log a hash of the token, or its `jti`.",
    bad: Example::file(
        r"# access.log
GET /me 200 Authorization: Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    ),
    good: Example::file(
        r"# access.log
GET /me 200 jti=9f4e1d3c",
    ),
    checks: &[Check::File(check)],
};

fn check(file: &TextFile, _: &Setting<'_>) -> Outcome {
    if file.kind != FileKind::Log {
        return Outcome::not_applicable("not a log");
    }
    let found = find_tokens(&file.text);
    let findings = found.iter().take(SHOWN).map(|(at, text)| {
        let line = file.line_of(*at);
        fail("A token is in the log.").fact("token", crate::redact::token(text)).at(file.place().line(line))
    });
    Outcome::of(findings.collect())
}

/// How many are shown; one is enough to act.
const SHOWN: usize = 20;
