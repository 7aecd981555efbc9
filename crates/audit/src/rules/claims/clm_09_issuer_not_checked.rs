//! CLM-09: Issuer missing or not checked.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-09",
    title: "Issuer missing or not checked",
    tier: Tier::SigningKey,
    severity: Severity::High,
    references: "RFC 8725 3.8; RFC 9068 4; CVE-2024-53861; ASVS 10.3.3; CWE-345",
    why: "A service that takes tokens of any issuer whose key it can find takes tokens from strangers.",
    fix: "Put `iss` into every token, and compare it exactly with the issuer whose keys you used.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"alice","aud":"api"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"iss":"https://issuer.example","sub":"alice","aud":"api"}"#,
    ),
    checks: &[Check::Token(check), Check::Attack(attack)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    if token.encrypted {
        return Outcome::not_tested("the claims are encrypted");
    }
    if token.kind() == Kind::DpopProof {
        return Outcome::not_applicable("a DPoP proof has no issuer");
    }
    if token.issuer().is_some_and(|issuer| !issuer.is_empty()) {
        return Outcome::pass();
    }
    fail("The token does not say who issued it.").severity(Severity::Medium).into()
}

fn attack(scene: &Scene) -> Plan {
    let Some(issuer) = scene.issuer() else {
        return Plan::not_applicable("the valid token has no `iss`");
    };
    scene.signed(|forge| {
        vec![
            forge.without_claim("iss absent", "iss"),
            forge.claim("another issuer", "iss", "https://issuer.invalid".into()),
            forge.claim("iss with a slash more", "iss", format!("{issuer}/").as_str().into()),
            forge.claim("iss in upper case", "iss", issuer.to_uppercase().as_str().into()),
            forge.claim("iss as a prefix of another host", "iss", format!("{issuer}.attacker.invalid").as_str().into()),
        ]
    })
}
