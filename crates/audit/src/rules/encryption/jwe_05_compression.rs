//! JWE-05: Compression before encryption.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "JWE-05",
    title: "Compression before encryption",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "RFC 8725 2.4, 3.6; CWE-203; low unless attacker data is mixed in",
    why: "Compression makes the length of the ciphertext tell something of the plaintext.",
    fix: "Don't compress.",
    bad: Example::tokens("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIiwiemlwIjoiREVGIn0..aXY.Y3Q.dGFn"),
    good: Example::tokens("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.Y3Q.dGFn"),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    if !token.encrypted {
        return Outcome::not_applicable("not encrypted");
    }
    // RFC 8725 section 3.6
    if token.header.get("zip").is_none() {
        Outcome::pass()
    } else {
        fail("The token is compressed before it is encrypted.").into()
    }
}
