//! OPS-07: Fails open on an exception.

use crate::live::{Attempt, Plan, Scene, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "OPS-07",
    title: "Fails open on an exception",
    tier: Tier::Active,
    severity: Severity::High,
    references: "ASVS 16.5.3; CWE-636",
    why: "Code that catches an error and goes on serves whoever can cause the error.",
    fix: "Refuse on every error.",
    bad: Example::behaviour("A token whose header is no JSON is served."),
    good: Example::behaviour("Every error is a refusal."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let broken = Shot::token(scene.broken_token());
    let odd = crate::rules::header::malformed(scene);
    Plan::of(odd.into_iter().map(|(what, token)| Attempt::new(what, Shot::token(token), broken.clone())).collect())
}
