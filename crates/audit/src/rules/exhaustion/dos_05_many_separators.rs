//! DOS-05: Many separators.

use crate::live::{Prober, Scene, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "DOS-05",
    title: "Many separators",
    tier: Tier::DosProbe,
    severity: Severity::Medium,
    references: "CVE-2025-30204; CWE-405",
    why: "A split at every dot makes a thousand pieces of a thousand dots.",
    fix: "Split at most five parts.",
    bad: Example::behaviour("10 kB of dots take long."),
    good: Example::behaviour("At most five parts are split."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let scene = prober.scene();
    let base = prober.send("a broken token", &Shot::token(scene.broken_token()));
    let mut slowest = 0;
    for (what, token) in heavy(&scene) {
        let answer = prober.send(what, &Shot::token(token));
        if answer.status >= 500 {
            return fail(format!("The server fails on {what}.")).proof(Proof::ProvenLive).into();
        }
        slowest = slowest.max(answer.milliseconds);
        // Enough is known; more would only hurt.
        if slowest > 2_000 {
            break;
        }
    }
    if slowest > base.milliseconds * 10 + 250 {
        return fail(format!("One request takes {slowest} ms, an ordinary refusal {} ms.", base.milliseconds))
            .proof(Proof::ProvenLive)
            .into();
    }
    Outcome::passed(format!("{slowest} ms at most, an ordinary refusal takes {} ms", base.milliseconds))
}

fn heavy(_: &Scene) -> Vec<(&'static str, String)> {
    vec![("10,000 dots", ".".repeat(10_000))]
}
