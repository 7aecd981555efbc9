//! HDR-14: Issued token names its own key material.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-14",
    title: "Issued token names its own key material",
    tier: Tier::Passive,
    severity: Severity::Info,
    references: "RFC 8725 3.10; ASVS 9.1.3; only 'review', never 'vulnerable'",
    why: "A verifier that follows what the token says about its own key lets the token choose who signs it.",
    fix: "Leave it out, or document the anchor that it leads to.",
    bad: Example::tokens(
        r#"{"alg":"ES256","jku":"https://issuer.example/jwks.json"}
{"sub":"alice"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","kid":"2026-11"}
{"sub":"alice"}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    // RFC 9449 section 4.2: a DPoP proof must carry its key.
    if token.kind() == Kind::DpopProof {
        return Outcome::not_applicable("a DPoP proof carries its key by design");
    }
    let named: Vec<&str> =
        ["jku", "x5u", "jwk", "x5c"].into_iter().filter(|name| token.header.get(name).is_some()).collect();
    if named.is_empty() {
        return Outcome::pass();
    }
    review(format!("The token says where its own key is: {}.", named.join(", ")))
        .fact("header", token.header.to_string())
        .into()
}
