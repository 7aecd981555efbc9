//! KEY-04: Empty HMAC secret accepted.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-04",
    title: "Empty HMAC secret accepted",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "CVE-2019-20933; RFC 8725 3.5; CWE-1391",
    why: "A missing setting becomes an empty secret, and an empty secret is known to everyone.",
    fix: "Refuse to start with an empty secret.",
    bad: Example::behaviour("A token signed by HS256 with the empty secret is accepted."),
    good: Example::behaviour("The verifier does not start without a secret."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let forge = scene.forge();
    let attempts = ["HS256", "HS384", "HS512"].into_iter().flat_map(|alg| {
        let header = forge.header(alg);
        [
            forge.hmac(&format!("{alg} with the empty secret"), &header, b""),
            forge.hmac(&format!("{alg} with the empty secret, no kid"), &header.without("kid"), b""),
        ]
    });
    Plan::of(attempts.collect())
}
