//! HDR-01: Embedded jwk is trusted.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-01",
    title: "Embedded jwk is trusted",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "RFC 8725 3.10; ASVS 9.1.3; CVE-2018-0114; CVE-2026-27962; CWE-347",
    why: "A token that brings its own key proves only that somebody has a key.",
    fix: "Ignore `jwk` in tokens: keys come from your configuration only.",
    bad: Example::behaviour("A token signed by a new key, with that key in its `jwk` header, is accepted."),
    good: Example::behaviour("Keys come from the verifier's configuration only."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let forge = scene.forge();
    let attempts = forge.own_keys().iter().flat_map(|key| {
        let alg = key.algorithm().to_string();
        let jwk = key.public_jwk().unwrap_or_else(|| key.to_jwk().to_string());
        let jwk = Json::parse(&jwk).unwrap_or(Json::Null);
        let kid = scene.valid.kid().unwrap_or("probity-audit");
        let with_kid = forge.header(&alg).with("jwk", jwk.with("kid", kid.into()));
        let own_kid = with_kid.with("kid", "probity-audit".into()).with("jwk", jwk.with("kid", "probity-audit".into()));
        [
            forge.signed_by(&format!("a new key for {alg} in jwk"), &with_kid, key),
            forge.signed_by(&format!("a new key for {alg} in jwk, with its own kid"), &own_kid, key),
        ]
    });
    Plan::of(attempts.collect())
}
