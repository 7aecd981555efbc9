//! CLM-10: Audience missing or not checked.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-10",
    title: "Audience missing or not checked",
    tier: Tier::SigningKey,
    severity: Severity::High,
    references: "RFC 8725 3.9 MUST; RFC 9068 4; ASVS 9.2.3, 9.2.4, 10.3.1; RFC 9700 2.3; CWE-345",
    why: "Without an audience, any service that is given a token can use it at every other one.",
    fix: "Put `aud` into every token, and require your own name in it.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"iss":"https://issuer.example","sub":"alice"}"#,
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
        return Outcome::not_applicable("a DPoP proof names its URL instead");
    }
    // One product names the client in `client_id` and leaves `aud` out of access tokens: worth a look, no breach of RFC 7519.
    if token.audiences().iter().any(|audience| !audience.is_empty()) {
        return Outcome::pass();
    }
    if token.kind() == Kind::Access && token.header.text("typ").is_none_or(|typ| !typ.ends_with("at+jwt")) {
        return review("The token does not say which service it is for.").severity(Severity::Medium).into();
    }
    fail("The token does not say which service it is for.").severity(Severity::Medium).into()
}

fn attack(scene: &Scene) -> Plan {
    if scene.audiences().is_empty() {
        return Plan::not_applicable("the valid token has no `aud`");
    }
    scene.signed(|forge| {
        vec![
            forge.without_claim("aud absent", "aud"),
            forge.claim("another service", "aud", "https://other-service.invalid".into()),
            forge.claim("aud an empty list", "aud", Json::Array(Vec::new())),
        ]
    })
}
