//! XSV-04: Issuer is not bound to its keys.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "XSV-04",
    title: "Issuer is not bound to its keys",
    tier: Tier::SigningKey,
    severity: Severity::Critical,
    references: "RFC 8725 3.8 MUST; CWE-346",
    why: "When any trusted key verifies any issuer's tokens, the weakest issuer speaks for all.",
    fix: "Look keys up by issuer first, then by `kid`.",
    bad: Example::behaviour("Issuer B's key signs a token of issuer A, and it is accepted."),
    good: Example::behaviour("Keys are looked up by issuer, then by `kid`."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let Some(signer) = scene.other_issuer_signer() else {
        return Plan::not_tested("needs the key of a second issuer that the endpoint trusts: --other-issuer-key FILE");
    };
    let forge = scene.forge();
    let header = forge.header(signer.algorithm()).with("kid", signer.kid().unwrap_or_default().into());
    let input = forge.input(&header, &forge.claims_json());
    let signature = signer.sign(input.as_bytes()).unwrap_or_default();
    Plan::of(vec![forge.with_signature(
        "the valid token's claims, signed by another issuer's key",
        &header,
        &signature,
    )])
}
