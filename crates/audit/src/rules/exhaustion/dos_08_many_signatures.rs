//! DOS-08: Thousands of signatures or recipients.

use crate::live::{Prober, Scene, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "DOS-08",
    title: "Thousands of signatures or recipients",
    tier: Tier::DosProbe,
    severity: Severity::Medium,
    references: "8725bis 3.14; CWE-770",
    why: "Each signature is work; a list of thousands is much work.",
    fix: "Refuse the JSON form.",
    bad: Example::behaviour("A JSON serialization with 2,000 signatures takes long."),
    good: Example::behaviour("The JSON form is refused."),
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
    let one = format!(r#"{{"protected":"{}","signature":"AA"}}"#, to_base64url(br#"{"alg":"ES256"}"#));
    let all = vec![one; 150].join(",");
    vec![("150 signatures in one token", format!(r#"{{"payload":"{}","signatures":[{all}]}}"#, scene.valid.part(1)))]
}
