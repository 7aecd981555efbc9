//! JWE-01: RSA1_5 key management.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "JWE-01",
    title: "RSA1_5 key management",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 8725 3.2; draft-ietf-jose-deprecate-none-rsa15-05; ASVS 11.3.1; CWE-780",
    why: "The padding of RSA1_5 lets an attacker decrypt by asking often enough.",
    fix: "Use RSA-OAEP-256 or ECDH-ES.",
    bad: Example::tokens("eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4R0NNIn0.a2V5.aXY.Y3Q.dGFn"),
    good: Example::tokens("eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMTI4R0NNIn0.a2V5.aXY.Y3Q.dGFn"),
    checks: &[Check::Token(check_token), Check::Key(check_key), Check::Metadata(check_metadata)],
};

fn check_token(token: &Token, _: &Setting<'_>) -> Outcome {
    judge(token.alg() == "RSA1_5", "The token's key is encrypted with RSA1_5.")
}

fn check_key(key: &Key, _: &Setting<'_>) -> Outcome {
    judge(key.alg() == Some("RSA1_5"), "A key is for RSA1_5.")
}

fn check_metadata(document: &Metadata, _: &Setting<'_>) -> Outcome {
    let offered = document
        .json
        .members()
        .iter()
        .any(|(name, value)| name.contains("encryption_alg") && value.strings().contains(&"RSA1_5"));
    judge(offered, "The issuer offers RSA1_5.")
}

fn judge(used: bool, claim: &str) -> Outcome {
    if used { fail(claim).into() } else { Outcome::pass() }
}
