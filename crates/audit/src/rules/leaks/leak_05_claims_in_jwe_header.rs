//! LEAK-05: Claims replicated in a JWE header.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "LEAK-05",
    title: "Claims replicated in a JWE header",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 7519 5.3; CWE-312",
    why: "A claim that is repeated in the header of an encrypted token is not encrypted.",
    fix: "Don't repeat such claims in the header.",
    bad: Example::tokens(
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIiwic3ViIjoiYWxpY2UiLCJlbWFpbCI6ImFsaWNlQGV4YW1wbGUub3JnIn0..aXY.Y3Q.dGFn",
    ),
    good: Example::tokens(
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIiwiaXNzIjoiaHR0cHM6Ly9pc3N1ZXIuZXhhbXBsZSJ9..aXY.Y3Q.dGFn",
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    if !token.encrypted {
        return Outcome::not_applicable("not encrypted");
    }
    // RFC 7519 section 5.3: iss, sub and aud may be replicated; `iss` and `aud` tell who is to read it.
    let open = token.header.members().iter().map(|(name, _)| name.as_str());
    let replicated: Vec<&str> = open
        .filter(|name| ["sub", "email", "name", "roles", "scope", "phone_number", "groups"].contains(name))
        .collect();
    if replicated.is_empty() {
        return Outcome::pass();
    }
    fail(format!("The header repeats claims in clear: {}.", replicated.join(", "))).into()
}
