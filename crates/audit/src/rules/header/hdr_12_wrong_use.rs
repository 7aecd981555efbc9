//! HDR-12: Key with wrong use/key_ops verifies a token.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-12",
    title: "Key with wrong use/key_ops verifies a token",
    tier: Tier::SigningKey,
    severity: Severity::High,
    references: "RFC 7517 4.2, 4.3; RFC 8725 3.1; CWE-345",
    why: "A key that was published for encryption is guarded as one for encryption.",
    fix: "Enforce `use`, `key_ops` and `alg` of each key.",
    bad: Example::behaviour("A token signed by a key with `use: enc` is accepted."),
    good: Example::behaviour("`use`, `key_ops` and `alg` of the key are enforced."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let secrets: Vec<(String, Vec<u8>)> = scene
        .keys
        .iter()
        .filter(|key| key.kty() == "oct")
        .filter_map(|key| Some((key.name(), key.bytes("k")?)))
        .collect();
    if !secrets.is_empty() {
        let forge = scene.forge();
        let attempts = secrets.iter().map(|(name, secret)| {
            forge.hmac(&format!("HS256 with the published secret of {name}"), &forge.header("HS256"), secret)
        });
        return Plan::of(attempts.collect());
    }
    match scene.wrong_use_signer() {
        Some(signer) => {
            let forge = scene.forge();
            let header = forge.header(signer.algorithm()).with("kid", signer.kid().unwrap_or_default().into());
            let input = forge.input(&header, &forge.claims_json());
            let signature = signer.sign(input.as_bytes()).unwrap_or_default();
            Plan::of(vec![forge.with_signature("a token signed by the key with use enc", &header, &signature)])
        }
        None => Plan::not_tested(
            "needs the private half of a key of the set with use enc (--other-key FILE), or a set with a secret in it",
        ),
    }
}
