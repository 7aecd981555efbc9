//! SIG-17: Inner token of a nested JWT is not verified.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-17",
    title: "Inner token of a nested JWT is not verified",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "RFC 8725 3.3; 8725bis 3.3; CWE-347",
    why: "The outer layer is checked, and what counts is inside.",
    fix: "Verify every layer, with keys that your application supplies.",
    bad: Example::behaviour("A token with `cty: JWT` whose inner token is unsigned is accepted."),
    good: Example::behaviour("Every layer is verified."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let forge = scene.forge();
    let claims = forge.claims_json();
    let unsigned = format!("{}.", forge.input(&Json::Object(vec![("alg".to_owned(), "none".into())]), &claims));
    let wrong = format!("{}.{}", forge.input(&scene.valid.header, &claims), scene.valid.part(2));
    scene.signed(|minted| {
        let nest = |what: &str, inner: &str| {
            minted.raw(
                what,
                &minted.header().with("cty", "JWT".into()).to_string(),
                inner.as_bytes(),
                minted.algorithm_name(),
            )
        };
        vec![
            nest("an unsigned token inside a signed one", &unsigned),
            nest("a badly signed token inside a signed one", &wrong),
        ]
    })
}
