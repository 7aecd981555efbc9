//! JWE-06: Invalid-curve ephemeral key not rejected.

use crate::arithmetic::curve::Curve;
use crate::arithmetic::invalid_curve::small_points;
use crate::live::{Attempt, Class, Plan, Prober, Shot};
use crate::rules::prelude::*;
use crate::secrets::{agreed, encrypt_to};
use num_bigint::BigUint;

pub(super) static RULE: Rule = Rule {
    id: "JWE-06",
    title: "Invalid-curve ephemeral key not rejected",
    tier: Tier::DosProbe,
    severity: Severity::Critical,
    references: "RFC 8725 3.4; CVE-2017-16007; CWE-347",
    why: "A point off the curve makes the shared secret one of a few values, and each answer tells a part of the key.",
    fix: "Check `epk` before it is used.",
    bad: Example::behaviour(
        "A token whose `epk` is a point of small order off its curve is decrypted: the shared secret is one of a few values.",
    ),
    good: Example::behaviour("`epk` is checked before it is used."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let scene = prober.scene();
    let content = scene.valid.text.as_bytes();
    let mut reads = false;
    let mut accepted = Vec::new();
    for key in scene.keys.iter().filter(|key| key.kty() == "EC") {
        let Some(curve) = Curve::of(key.crv()) else { continue };
        let Some((_, good)) = encrypt_to(key, content).into_iter().next() else { continue };
        let what = format!("the valid token encrypted to {}", key.name());
        if prober.send(&what, &Shot::token(good)).class != Class::Accepted {
            continue;
        }
        reads = true;
        let fixed = |number: &BigUint| {
            let bytes = number.to_bytes_be();
            [vec![0; curve.coordinate_bytes.saturating_sub(bytes.len())], bytes].concat()
        };
        for point in small_points(&curve) {
            let token = |shared: &BigUint| agreed(key, (&fixed(&point.x), &fixed(&point.y)), &fixed(shared), content);
            // What the server can't have computed: it must be refused.
            let Some(twin) = token(&(&point.x + 1u8)) else { continue };
            for shared in &point.multiples {
                let Some(text) = token(shared) else { continue };
                let what = format!("an epk of order {} that is off {}", point.order, key.crv());
                let attempt = Attempt::new(what, Shot::token(text), Shot::token(twin.clone()));
                accepted.push(attempt);
            }
        }
    }
    if !reads {
        return Outcome::not_applicable("the valid token, encrypted to a key of the set, is not accepted");
    }
    prober.carry_out(Plan::of(accepted))
}
