//! CLM-11: aud compared loosely.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-11",
    title: "aud compared loosely",
    tier: Tier::SigningKey,
    severity: Severity::High,
    references: "RFC 8725 3.9; ASVS 9.2.3; CWE-697",
    why: "A prefix or substring comparison lets a service that the attacker may name stand in for yours.",
    fix: "Compare each audience whole.",
    bad: Example::behaviour("The audience `https://api.example.attacker.invalid` is taken for `https://api.example`."),
    good: Example::behaviour("Only the exact audience is accepted."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let audiences = scene.audiences();
    let Some(audience) = audiences.first() else {
        return Plan::not_applicable("the valid token has no `aud`");
    };
    let text = |text: String| Json::String(text);
    scene.signed(|forge| {
        let mut attempts = vec![
            forge.claim("audience with something behind", "aud", text(format!("{audience}.attacker.invalid"))),
            forge.claim("audience with something before", "aud", text(format!("attacker-{audience}"))),
            forge.claim("audience in the middle of a text", "aud", text(format!("x {audience} y"))),
        ];
        if audience.to_uppercase() != *audience {
            attempts.push(forge.claim("audience in upper case", "aud", text(audience.to_uppercase())));
        }
        let half = audience.chars().take(audience.chars().count().div_ceil(2)).collect::<String>();
        attempts.push(forge.claim("the first half of the audience", "aud", text(half)));
        attempts
    })
}
