//! XSV-07: DPoP-bound token accepted as bearer.

use crate::live::{Carried, Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "XSV-07",
    title: "DPoP-bound token accepted as bearer",
    tier: Tier::Active,
    severity: Severity::High,
    references: "RFC 9449 7.1, 7.2; ASVS 10.3.5; CWE-294",
    why: "A bound token that works without its proof is a bearer token with a promise.",
    fix: "Require a proof for every token with `cnf`.",
    bad: Example::behaviour("A token with `cnf.jkt` is accepted with the scheme Bearer and no proof."),
    good: Example::behaviour("It is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let plan = scene.must_refuse(&[("dpop", "a DPoP-bound token without its proof")]);
    match plan {
        Plan::Attempts(attempts) => {
            let bearer = |mut shot: crate::live::Shot| {
                shot.carrier = Some(Carried::bearer());
                shot
            };
            let bearers = attempts.into_iter().map(|attempt| crate::live::Attempt {
                shot: bearer(attempt.shot),
                twin: attempt.twin.map(bearer),
                ..attempt
            });
            Plan::of(bearers.collect())
        }
        other => other,
    }
}
