//! SIG-03: Null signature accepted with the original alg.

use crate::live::{Attempt, Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-03",
    title: "Null signature accepted with the original alg",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "RFC 7515 5.2; CVE-2020-28042; CWE-347",
    why: "An empty signature fits no token, unless nobody looks at its length.",
    fix: "Refuse an empty signature before any algorithm is chosen.",
    bad: Example::behaviour("`header.claims.` with the original algorithm is accepted."),
    good: Example::behaviour("It is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let forge = scene.forge();
    let input = forge.input(&scene.valid.header, &forge.claims_json());
    let twin = format!("{input}.{}", scene.valid.part(2));
    let zeros = to_base64url(&vec![0; scene.valid.signature().len()]);
    Plan::of(vec![
        Attempt::forgery("an empty signature", format!("{input}."), twin.clone()),
        Attempt::forgery("no third part", input.clone(), twin.clone()),
        Attempt::forgery("a signature of zeros", format!("{input}.{zeros}"), twin),
    ])
}
