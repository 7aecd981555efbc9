//! SIG-13: crit with an unknown extension accepted.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-13",
    title: "crit with an unknown extension accepted",
    tier: Tier::SigningKey,
    severity: Severity::High,
    references: "RFC 7515 4.1.11 MUST; CVE-2025-59420 (Authlib); CVE-2026-32597 (PyJWT<2.12); CWE-345",
    why: "`crit` means: refuse me if you don't understand this. A verifier that goes on ignores a condition of the issuer.",
    fix: "Refuse every token with a `crit` that names an extension you don't process.",
    bad: Example::behaviour(r#"A token with `crit: ["x-unknown"]` is accepted."#),
    good: Example::behaviour("It is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let list = |name: &str| Json::Array(vec![Json::from(name)]);
    scene.signed(|forge| {
        vec![
            forge.with_header("crit with an unknown extension", |header| {
                header.with("crit", list("x-unknown")).with("x-unknown", true_value())
            }),
            forge.with_header("crit naming an absent extension", |header| header.with("crit", list("x-absent"))),
            // RFC 7515 section 4.1.11: must not be empty, must not name what the specification defines.
            forge
                .with_header("crit empty", |header| header.with("crit", Json::Array(Vec::new())))
                .as_severe_as(Severity::Low),
            forge.with_header("crit naming alg", |header| header.with("crit", list("alg"))).as_severe_as(Severity::Low),
        ]
    })
}

fn true_value() -> Json {
    Json::Bool(true)
}
