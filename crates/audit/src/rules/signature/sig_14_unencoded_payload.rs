//! SIG-14: b64:false mishandled.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-14",
    title: "b64:false mishandled",
    tier: Tier::SigningKey,
    severity: Severity::High,
    references: "RFC 7797 6; RFC 8725 3.3; CWE-347",
    why: "Where one reader signs the bytes and another their encoding, they see different tokens.",
    fix: "Refuse `b64` unless you want it, and then require it in `crit`.",
    bad: Example::behaviour("A token with `b64: false` in its header is accepted."),
    good: Example::behaviour("It is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let crit = Json::Array(vec![Json::from("b64")]);
    scene.signed(|forge| {
        vec![
            forge
                .with_header("b64 false without crit, signed as usual", |header| header.with("b64", Json::Bool(false)))
                .as_severe_as(Severity::Low),
            forge.with_header("b64 false in crit, signed as usual", |header| {
                header.with("b64", Json::Bool(false)).with("crit", crit.clone())
            }),
            forge.unencoded("b64 false without crit, signed raw", &forge.header().with("b64", Json::Bool(false))),
        ]
    })
}
