//! KEY-21: Curve does not match the algorithm / weak curve.

use crate::known::algorithms;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-21",
    title: "Curve does not match the algorithm / weak curve",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 7518 3.4; RFC 9864; CWE-327",
    why: "An algorithm on a curve that it was not made for has the strength of the weaker of the two.",
    fix: "Use the curve that the algorithm names: ES256 with P-256, and so on.",
    bad: Example::key_sets(r#"{"kty":"EC","crv":"P-384","alg":"ES256","kid":"k","x":"AA","y":"AA"}"#),
    good: Example::key_sets(
        r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    ),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    let crv = key.crv();
    if !matches!(key.kty(), "EC" | "OKP") {
        return Outcome::not_applicable("no key on a curve");
    }
    if !matches!(crv, "P-256" | "P-384" | "P-521" | "secp256k1" | "Ed25519" | "Ed448" | "X25519" | "X448") {
        return fail(format!("{} is on {crv:?}, which is not registered for JOSE.", key.name())).into();
    }
    let Some(known) = key.alg().and_then(algorithms::find) else {
        return Outcome::pass();
    };
    let fits = (known.crv.is_empty() || known.crv == crv) && (known.kty.is_empty() || known.kty == key.kty());
    if fits {
        return Outcome::pass();
    }
    fail(format!("{} says {} but is on {crv}.", key.name(), known.name)).into()
}
