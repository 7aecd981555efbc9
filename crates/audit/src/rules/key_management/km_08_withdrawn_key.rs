//! KM-08: Withdrawn key still accepted.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-08",
    title: "Withdrawn key still accepted",
    tier: Tier::SigningKey,
    severity: Severity::High,
    references: "RFC 8725 3.8; CWE-324",
    why: "A key is withdrawn because it is not trusted any more, and a cache that never forgets trusts it.",
    fix: "Forget keys that left the set within a bounded time.",
    bad: Example::behaviour("A token of a key that left the set is accepted."),
    good: Example::behaviour("It is refused within the cache's time."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    scene.must_refuse(&[("withdrawn", "a token of a withdrawn key")])
}
