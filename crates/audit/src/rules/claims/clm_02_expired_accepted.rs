//! CLM-02: Expired token accepted.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-02",
    title: "Expired token accepted",
    tier: Tier::SigningKey,
    severity: Severity::Critical,
    references: "RFC 7519 4.1.4 MUST NOT; ASVS 9.2.1; API2:2023; WSTG-SESS-10; CWE-613",
    why: "`exp` is the one thing that ends a stolen token without anybody's doing. It ends nothing if nobody looks.",
    fix: "Check `exp` on every request, with a leeway of a minute at most.",
    bad: Example::behaviour("An expired token, validly signed, is answered like a fresh one."),
    good: Example::behaviour("An expired token is answered with 401."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    // RFC 7519 section 4.1.4: must not be accepted. A few minutes of leeway are allowed: go well beyond.
    let expired = scene
        .other_tokens("expired")
        .map(|token| scene.forge().given("a token of the operator's that has expired", token));
    let given: Vec<_> = expired.collect();
    if !given.is_empty() && scene.signer().is_none() {
        return Plan::of(given);
    }
    if scene.claims().get("exp").is_none() {
        return Plan::not_applicable("the valid token has no `exp`");
    }
    scene.signed(|forge| {
        vec![
            forge.claims("expired an hour ago", |claims| {
                claims.with("exp", (scene.now() - 3_600).into()).with("iat", (scene.now() - 7_200).into())
            }),
            forge.claims("expired a year ago", |claims| {
                claims.with("exp", (scene.now() - 31_536_000).into()).with("iat", (scene.now() - 31_540_000).into())
            }),
        ]
    })
}
