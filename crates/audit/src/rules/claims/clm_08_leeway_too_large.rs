//! CLM-08: Clock leeway too large.

use crate::live::Prober;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-08",
    title: "Clock leeway too large",
    tier: Tier::SigningKey,
    severity: Severity::Medium,
    references: "RFC 7519 4.1.4; CWE-613",
    why: "Leeway is added to the life of every token, stolen ones too.",
    fix: "Forgive 60 seconds at most.",
    bad: Example::behaviour("A token that expired five minutes ago is accepted."),
    good: Example::behaviour("A token that expired two minutes ago is refused."),
    checks: &[Check::Probe(probe)],
};

/// Binary search for the age at which an expired token is refused.
fn probe(prober: &mut Prober) -> Outcome {
    let accepted = |prober: &mut Prober, age: i64| {
        let scene = prober.scene();
        let expired = scene.now() - age;
        let attempt = scene
            .minted()
            .map(|minted| minted.claims(&format!("expired {age} s ago"), |claims| claims.with("exp", expired.into())));
        attempt.and_then(|attempt| prober.accepts(&attempt))
    };
    if let Some(reason) = prober.scene().cannot_sign() {
        return reason;
    }
    match accepted(prober, LONGEST) {
        Some(true) => return Outcome::Subsumed("CLM-02"),
        Some(false) => {}
        None => return Outcome::inconclusive("the answer to an expired token is neither acceptance nor refusal"),
    }
    let (mut low, mut high) = (0, LONGEST);
    while high - low > PRECISION {
        let middle = i64::midpoint(low, high);
        match accepted(prober, middle) {
            Some(true) => low = middle,
            Some(false) => high = middle,
            None => return Outcome::inconclusive("the answers changed while the leeway was measured"),
        }
    }
    let measured = format!("between {low} and {high} s");
    if low > prober.policy().leeway {
        return fail(format!("An expired token is accepted for {measured} after its end."))
            .proof(Proof::ProvenLive)
            .fact("leeway", measured)
            .into();
    }
    Outcome::passed(format!("leeway {measured}"))
}

/// What CLM-02 has shown to be refused or accepted already.
const LONGEST: i64 = 3_600;

const PRECISION: i64 = 8;
