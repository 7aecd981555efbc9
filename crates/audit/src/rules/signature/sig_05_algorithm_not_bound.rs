//! SIG-05: Algorithm is not bound to the key.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-05",
    title: "Algorithm is not bound to the key",
    tier: Tier::SigningKey,
    severity: Severity::Medium,
    references: "8725bis 3.1 (each key MUST be used with exactly one algorithm); ASVS 9.1.2; CWE-327",
    why: "A key that verifies by several algorithms is as strong as the weakest.",
    fix: "Bind each key to exactly one algorithm, and check it at verification.",
    bad: Example::behaviour("A token signed by RS512 with the key of RS256 is accepted."),
    good: Example::behaviour("The key verifies by its own algorithm only."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let relatives = scene.signer().map(crate::live::Signer::relatives).unwrap_or_default();
    if scene.signer().is_some() && relatives.is_empty() {
        return Plan::not_applicable("the key fits one algorithm only");
    }
    scene.signed(|forge| relatives.iter().map(|alg| forge.algorithm(&format!("signed by {alg}"), alg)).collect())
}
