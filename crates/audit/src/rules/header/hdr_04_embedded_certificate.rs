//! HDR-04: x5c chain trusted without an anchor.

use crate::live::{Plan, Scene, self_signed};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-04",
    title: "x5c chain trusted without an anchor",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "RFC 7515 4.1.6; RFC 8725 3.10; ASVS 9.1.3, 12.1.3; CWE-295",
    why: "A certificate in the token proves something only if it leads to an anchor that the verifier chose.",
    fix: "Validate the chain to an anchor that is bound to the issuer, or ignore `x5c`.",
    bad: Example::behaviour("A token signed by a self-signed certificate in its `x5c` header is accepted."),
    good: Example::behaviour("The chain is validated to a configured anchor, or ignored."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let forge = scene.forge();
    let attempts = forge.own_keys().iter().filter_map(|key| {
        let certificate = self_signed(key)?;
        let alg = key.algorithm().to_string();
        let header = forge.header(&alg).with("x5c", Json::Array(vec![to_base64(&certificate).as_str().into()]));
        Some(forge.signed_by(&format!("a self-signed certificate for {alg} in x5c"), &header, key))
    });
    Plan::of(attempts.collect())
}
