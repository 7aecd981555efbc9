//! KEY-05: A common secret is accepted although tokens are asymmetric.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;
use crate::secrets::known_secrets;

pub(super) static RULE: Rule = Rule {
    id: "KEY-05",
    title: "A common secret is accepted although tokens are asymmetric",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "RFC 8725 3.1, 3.5; CWE-798",
    why: "A second verifier with an example's secret is a second door beside the good one.",
    fix: "Remove the second verifier.",
    bad: Example::behaviour("Tokens are signed by RS256, and one signed by HS256 with `secret` is accepted too."),
    good: Example::behaviour("Only the configured key is accepted."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let forge = scene.forge();
    let header = forge.header("HS256");
    let top = known_secrets().filter(|known| !known.bytes.is_empty()).take(COUNT);
    Plan::of(
        top.map(|known| forge.hmac(&format!("HS256 with a secret of {}", known.source), &header, &known.bytes))
            .collect(),
    )
}

/// Each costs a request.
const COUNT: usize = 100;
