//! JWE-09: PBES2 iteration count too low.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "JWE-09",
    title: "PBES2 iteration count too low",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 7518 4.8.1.2; CVE-2023-31582; OWASP password storage (600,000); CWE-916",
    why: "The count is what makes guessing a password slow.",
    fix: "Raise the count to 600,000, or use a key instead of a password.",
    bad: Example::tokens(
        "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIiwicDJjIjoxMDAsInAycyI6ImFhYSJ9.a2V5.aXY.Y3Q.dGFn",
    ),
    good: Example::tokens(
        "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIiwicDJjIjo2MDAwMDAsInAycyI6ImFhYSJ9.a2V5.aXY.Y3Q.dGFn",
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    if !token.alg().starts_with("PBES2") {
        return Outcome::not_applicable("not encrypted with a password");
    }
    // RFC 7518 section 4.8.1.2
    match token.header.get("p2c").and_then(Json::as_i64).unwrap_or(0) {
        count if count < 1_000 => {
            fail(format!("The iteration count is {count}: the standard's minimum is 1,000.")).into()
        }
        count if count < 600_000 => {
            fail(format!("The iteration count is {count}: 600,000 are recommended.")).severity(Severity::Low).into()
        }
        count => Outcome::passed(format!("{count} iterations")),
    }
}
