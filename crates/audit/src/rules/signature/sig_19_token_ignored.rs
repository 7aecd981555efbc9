//! SIG-19: Endpoint ignores the token.

use crate::live::Prober;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-19",
    title: "Endpoint ignores the token",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "API2:2023; ASVS 7.2.1, 8.3.1; CWE-306",
    why: "A route that answers without a token protects nothing.",
    fix: "Require a token on the route, or don't take it for a protected one.",
    bad: Example::behaviour("The answer is the same, byte for byte, with a token, with garbage, and without."),
    good: Example::behaviour("Garbage is refused."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    if prober.ignores_token {
        return fail("The endpoint answers the same with a valid token, with garbage and without one.")
            .proof(Proof::ProvenLive)
            .at(Place::of(prober.target().url.as_str()))
            .into();
    }
    if prober.calibration.starts_with("acceptance") {
        return Outcome::passed("no token and garbage are refused");
    }
    Outcome::inconclusive(prober.calibration.clone())
}
