//! SIG-06: An issued token is unsecured (alg none).

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-06",
    title: "An issued token is unsecured (alg none)",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "RFC 7519 6; RFC 8725 3.2; ASVS 9.1.2; CWE-347",
    why: "A token without a signature is a note that anyone can write; a verifier that takes it takes anything.",
    fix: "Sign the token, and refuse unsigned ones.",
    bad: Example::tokens(
        r#"{"alg":"none"}
{"sub":"alice"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256"}
{"sub":"alice"}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    // RFC 7519 section 6
    if token.alg().eq_ignore_ascii_case("none") {
        return fail("The token says `alg: none`: it is not signed.").fact("header", token.header.to_string()).into();
    }
    if token.encrypted || !token.part(2).is_empty() {
        return Outcome::pass();
    }
    fail("The token has no signature.").fact("header", token.header.to_string()).into()
}
