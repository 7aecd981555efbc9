//! XSV-09: DPoP proof checks incomplete.

use crate::live::{Prober, dpop};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "XSV-09",
    title: "DPoP proof checks incomplete",
    tier: Tier::Active,
    severity: Severity::High,
    references: "RFC 9449 4.3; CWE-345",
    why: "A proof that fits any request, any time, is a second bearer token.",
    fix: "Check every member of the proof (RFC 9449 section 4.3).",
    bad: Example::behaviour("A proof for another method, URL or token, or an old one, is accepted."),
    good: Example::behaviour("Every member of the proof is checked."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    dpop::probe(prober)
}
