//! SIG-02: alg `none` accepted.

use crate::live::{Attempt, Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-02",
    title: "alg `none` accepted",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "RFC 8725 3.1, 3.2; 8725bis 2.11/3.1 (case variants are new); draft-ietf-jose-deprecate-none-rsa15-05; ASVS 9.1.2; CWE-347",
    why: "A verifier that takes `alg: none` takes tokens that nobody signed.",
    fix: "Keep a list of exact algorithm names and compare byte for byte; a list of what is forbidden is the flaw.",
    bad: Example::behaviour(r#"`{"alg":"nOnE"}` with an empty signature is accepted."#),
    good: Example::behaviour("Every spelling is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let forge = scene.forge();
    let mut attempts = Vec::new();
    let twin = |input: &str| format!("{input}.{}", scene.valid.part(2));
    for alg in ["none", "None", "NONE", "nOnE", "none ", ""] {
        let input = forge.input(&forge.header(alg), &forge.claims_json());
        let bad = twin(&forge.input(&scene.valid.header, &forge.claims_json()));
        attempts.push(Attempt::forgery(format!("alg {alg:?}, empty signature"), format!("{input}."), bad.clone()));
        attempts.push(Attempt::forgery(format!("alg {alg:?}, the old signature"), twin(&input), bad));
    }
    let input = forge.input(&forge.header("none"), &forge.claims_json());
    attempts.push(Attempt::forgery(
        "alg \"none\", no third part",
        input.clone(),
        twin(&forge.input(&scene.valid.header, &forge.claims_json())),
    ));
    let absent = forge.input(&scene.valid.header.without("alg"), &forge.claims_json());
    attempts.push(Attempt::forgery("alg absent, empty signature", format!("{absent}."), twin(&absent)));
    let null = forge.input(&scene.valid.header.with("alg", Json::Null), &forge.claims_json());
    attempts.push(Attempt::forgery("alg null, empty signature", format!("{null}."), twin(&null)));
    Plan::of(attempts)
}
