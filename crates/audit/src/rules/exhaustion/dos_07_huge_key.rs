//! DOS-07: Huge key in header or JWKS.

use crate::live::{Prober, Scene, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "DOS-07",
    title: "Huge key in header or JWKS",
    tier: Tier::DosProbe,
    severity: Severity::Medium,
    references: "CWE-400",
    why: "Verifying by a key of 16,384 bits with a huge exponent takes seconds.",
    fix: "Limit key sizes and exponents.",
    bad: Example::behaviour("A token with such a key in `jwk` takes long."),
    good: Example::behaviour("Key sizes are limited."),
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
    let ones = to_base64url(&[0xff; 2_048]);
    let header = format!(r#"{{"alg":"RS256","jwk":{{"kty":"RSA","n":"{ones}","e":"{}"}}}}"#, to_base64url(&[0xff; 64]));
    vec![(
        "a key of 16,384 bits in jwk",
        format!("{}.{}.{}", to_base64url(header.as_bytes()), scene.valid.part(1), to_base64url(&[1; 2_048])),
    )]
}
