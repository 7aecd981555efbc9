//! XSV-11: Two verifiers read the token differently.

use crate::live::{Class, Prober, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "XSV-11",
    title: "Two verifiers read the token differently",
    tier: Tier::Active,
    severity: Severity::High,
    references: "CWE-436; RFC 8725 3.12",
    why: "A gateway and a service that read one token differently can be played against each other.",
    fix: "Use one strict parser at both.",
    bad: Example::behaviour("The gateway accepts what the service refuses."),
    good: Example::behaviour("Both refuse every odd token."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let Some(second) = prober.second_url() else {
        return Outcome::not_tested("needs a second URL that takes the same token: --second URL");
    };
    let scene = prober.scene();
    let at = |token: &str| Shot { url: Some(second.clone()), ..Shot::token(token) };
    let valid = prober.send("the valid token at the second URL", &at(&scene.valid.text));
    let broken = prober.send("a broken token at the second URL", &at(&scene.broken_token()));
    if valid.status == broken.status {
        return Outcome::inconclusive("the second URL answers good and bad tokens with one status");
    }
    let mut different = Vec::new();
    for (what, token) in crate::rules::signature::malleable_variants(&scene) {
        let first = prober.send(&format!("{what}, at the first URL"), &Shot::token(token.as_str()));
        let other = prober.send(&format!("{what}, at the second URL"), &at(&token));
        if (first.class == Class::Accepted) != (other.status == valid.status) {
            different.push((what, first.number, other.number));
        }
    }
    if different.is_empty() {
        return Outcome::passed("both read every odd token alike");
    }
    let names: Vec<&str> = different.iter().map(|(what, _, _)| what.as_str()).collect();
    let mut finding = fail(format!("The two URLs disagree about: {}.", names.join("; "))).proof(Proof::ProvenLive);
    finding.requests = different.iter().flat_map(|(_, first, second)| [*first, *second]).collect();
    finding.into()
}
