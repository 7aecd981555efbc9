//! XSV-05: Other environment or tenant accepted.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "XSV-05",
    title: "Other environment or tenant accepted",
    tier: Tier::Active,
    severity: Severity::High,
    references: "RFC 8725 3.8, 3.12; ASVS 8.4.1; CWE-863",
    why: "A test system that signs for production gives everyone in the team everything.",
    fix: "Give each environment and tenant an issuer, keys and an audience of its own.",
    bad: Example::behaviour("A staging token, or another tenant's, is accepted."),
    good: Example::behaviour("Environments and tenants have issuers, keys and audiences of their own."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    scene.must_refuse(&[("environment", "a token of another environment"), ("tenant", "a token of another tenant")])
}
