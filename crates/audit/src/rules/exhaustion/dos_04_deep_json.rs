//! DOS-04: Deep JSON.

use crate::live::{Prober, Scene, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "DOS-04",
    title: "Deep JSON",
    tier: Tier::DosProbe,
    severity: Severity::Medium,
    references: "CWE-674",
    why: "A parser that calls itself for each bracket runs out of stack.",
    fix: "Limit the depth.",
    bad: Example::behaviour("A header with 5,000 nested lists makes the server fail."),
    good: Example::behaviour("Depth is limited."),
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

fn heavy(scene: &Scene) -> Vec<(&'static str, String)> {
    let nested = |depth: usize| {
        let header = format!(r#"{{"alg":"{}","x":{}{}}}"#, scene.valid.alg(), "[".repeat(depth), "]".repeat(depth));
        format!("{}.{}.{}", to_base64url(header.as_bytes()), scene.valid.part(1), scene.valid.part(2))
    };
    vec![("64 nested lists", nested(64)), ("1,000 nested lists", nested(1_000)), ("5,000 nested lists", nested(5_000))]
}
