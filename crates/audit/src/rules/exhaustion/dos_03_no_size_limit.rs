//! DOS-03: No size limit on tokens.

use crate::live::{Prober, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "DOS-03",
    title: "No size limit on tokens",
    tier: Tier::DosProbe,
    severity: Severity::Medium,
    references: "ASVS 4.2.5 class; CVE-2025-61920 class; CWE-770",
    why: "Whatever is read before it is refused costs memory and time.",
    fix: "Refuse tokens above 16 kB.",
    bad: Example::behaviour("A token of 1 MB is read and refused slowly."),
    good: Example::behaviour("It is refused at once, at 16 kB or so."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let scene = prober.scene();
    let base = prober.send("a broken token", &Shot::token(scene.broken_token()));
    // Servers limit headers themselves, so a body would be needed to go further; what passes here passes everywhere.
    for size in [4_096usize, 16_384, 65_536] {
        let padded = scene
            .forge()
            .input(&scene.valid.header, &scene.claims().with("probity_padding", "x".repeat(size).as_str().into()));
        let answer = prober
            .send(&format!("a token of about {size} bytes"), &Shot::token(format!("{padded}.{}", scene.valid.part(2))));
        if answer.status == 0 || matches!(answer.status, 400 | 413 | 414 | 431) && answer.status != base.status {
            return Outcome::passed(format!("refused at {size} bytes"));
        }
    }
    review("Tokens of 64 kB are read.").proof(Proof::ProvenLive).severity(Severity::Low).into()
}
