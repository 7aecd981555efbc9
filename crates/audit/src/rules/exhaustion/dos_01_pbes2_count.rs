//! DOS-01: PBES2 count unbounded.

use crate::live::{Prober, Scene, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "DOS-01",
    title: "PBES2 count unbounded",
    tier: Tier::DosProbe,
    severity: Severity::High,
    references: "8725bis 2.10/3.13 (new); CVE-2023-51775; CVE-2023-52428; CWE-400",
    why: "One small token can make the server hash for minutes.",
    fix: "Cap the count at twice what you use yourself.",
    bad: Example::behaviour("A token with `p2c: 5000000` takes seconds."),
    good: Example::behaviour("The count is capped."),
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
    let token = |count: u32| {
        let header =
            format!(r#"{{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":{count},"p2s":"cHJvYml0eS1hdWRpdA"}}"#);
        format!(
            "{}.{}.{}.{}.{}",
            to_base64url(header.as_bytes()),
            to_base64url(&[7; 24]),
            to_base64url(&[7; 12]),
            to_base64url(b"x"),
            to_base64url(&[7; 16])
        )
    };
    vec![("p2c 600,000", token(600_000)), ("p2c 1,200,001", token(1_200_001)), ("p2c 5,000,000", token(5_000_000))]
}
