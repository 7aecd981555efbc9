//! CLM-01: No expiry.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-01",
    title: "No expiry",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 7519 4.1.4; ASVS 9.2.1, 7.3.2; CWE-613",
    why: "A stolen token that never expires works until the signing key is replaced.",
    fix: "Set `exp` on every token.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"alice","iat":1700000000}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"alice","iat":1700000000,"exp":1700000300}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    if token.encrypted {
        return Outcome::not_tested("the claims are encrypted");
    }
    // A proof and a logout token are used once, by `iat` and `jti` (RFC 9449 section 4.2).
    if matches!(token.kind(), Kind::DpopProof | Kind::Other) {
        return Outcome::not_applicable("a token of this type is not used by its `exp`");
    }
    if token.claim("exp").is_some() {
        return Outcome::pass();
    }
    fail("The token has no `exp`: it never expires.").into()
}
