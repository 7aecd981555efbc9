//! HDR-11: Unknown or missing kid falls back to any key.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-11",
    title: "Unknown or missing kid falls back to any key",
    tier: Tier::SigningKey,
    severity: Severity::Medium,
    references: "RFC 8725 3.1; RFC 7517 4.5; CWE-345",
    why: "A verifier that tries other keys when the named one is unknown keeps withdrawn and forgotten keys alive.",
    fix: "Refuse an unknown `kid` when the key set has names.",
    bad: Example::behaviour("A token with an unknown `kid` is accepted."),
    good: Example::behaviour("An unknown `kid` is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    if scene.valid.kid().is_none() {
        return Plan::not_applicable("the valid token has no kid");
    }
    // With one key there is no doubt which one is meant.
    let several = scene.keys.len() > 1;
    let unknown = |attempt: crate::live::Attempt| if several { attempt } else { attempt.as_severe_as(Severity::Low) };
    scene.signed(|forge| {
        vec![
            unknown(forge.with_header("an unknown kid", |header| header.with("kid", "probity-audit-unknown".into()))),
            // A set of one key leaves no doubt which one is meant.
            forge.with_header("no kid", |header| header.without("kid")).as_severe_as(Severity::Info),
        ]
    })
}
