//! CLM-06: nbf ignored.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-06",
    title: "nbf ignored",
    tier: Tier::SigningKey,
    severity: Severity::Medium,
    references: "RFC 7519 4.1.5; ASVS 9.2.1; CWE-613",
    why: "A token that is good only from tomorrow is good today.",
    fix: "Check `nbf`.",
    bad: Example::behaviour("A validly signed token with `nbf` an hour ahead is accepted."),
    good: Example::behaviour("A token with `nbf` an hour ahead is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    scene.signed(|forge| vec![forge.claim("nbf an hour ahead", "nbf", (scene.now() + 3_600).into())])
}
