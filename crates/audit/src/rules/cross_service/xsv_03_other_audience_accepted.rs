//! XSV-03: Token for service B works at A.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "XSV-03",
    title: "Token for service B works at A",
    tier: Tier::Active,
    severity: Severity::High,
    references: "RFC 8725 2.7, 3.9; ASVS 9.2.3, 10.3.1; RFC 9700 2.3; CWE-863",
    why: "A token that was given to one service must not open another, or each can act as its users at all others.",
    fix: "Require your own audience.",
    bad: Example::behaviour("A token for service B is accepted at A."),
    good: Example::behaviour("The audience is checked."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    scene.must_refuse(&[("audience", "a token for another service")])
}
