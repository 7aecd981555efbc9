//! JWE-08: GCM IV reuse across collected tokens.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "JWE-08",
    title: "GCM IV reuse across collected tokens",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "RFC 7518 8.4; ASVS 11.3.4; CWE-323",
    why: "Two GCM messages with one key and one IV give away their difference, and the key of their authentication.",
    fix: "Draw each IV at random, and replace the key.",
    bad: Example::tokens(
        r"eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIiwia2lkIjoiayJ9..aXZpdml2aXZpdml2.Y3Qx.dGFn
eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIiwia2lkIjoiayJ9..aXZpdml2aXZpdml2.Y3Qy.dGFn",
    ),
    good: Example::tokens(
        r"eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIiwia2lkIjoiayJ9..aXZpdml2aXZpdml2.Y3Qx.dGFn
eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIiwia2lkIjoiayJ9..aXZpdml2aXZpdml3.Y3Qy.dGFn",
    ),
    checks: &[Check::Tokens(check)],
};

fn check(tokens: &[Token], _: &Setting<'_>) -> Outcome {
    let sealed: Vec<&Token> = tokens
        .iter()
        .filter(|token| token.encrypted && token.header.text("enc").is_some_and(|enc| enc.ends_with("GCM")))
        .filter(|token| token.alg() == "dir")
        .collect();
    if sealed.len() < 2 {
        return Outcome::not_applicable("it takes two tokens encrypted with GCM under one key");
    }
    let mut findings = Vec::new();
    for (at, first) in sealed.iter().enumerate() {
        let reused = sealed.iter().skip(at + 1).find(|second| {
            first.kid() == second.kid() && first.part(2) == second.part(2) && first.part(3) != second.part(3)
        });
        if let Some(second) = reused {
            findings.push(
                fail("Two tokens were encrypted with one key and one IV.")
                    .proof(Proof::ProvenOffline)
                    .at(Place::of(format!("{} and {}", first.place, second.place))),
            );
        }
    }
    Outcome::of(findings)
}
