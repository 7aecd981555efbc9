//! KEY-20: OKP key is all zero or of low order.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-20",
    title: "OKP key is all zero or of low order",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "RFC 8037 2; RFC 8725 3.4; CWE-347",
    why: "With a public key of low order one signature fits every message.",
    fix: "Refuse the key, and find out who made it.",
    bad: Example::key_sets(
        r#"{"kty":"OKP","crv":"Ed25519","kid":"zero","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
    ),
    good: Example::key_sets(
        r#"{"kty":"OKP","crv":"Ed25519","kid":"good","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"}"#,
    ),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    let length = match (key.kty(), key.crv()) {
        ("OKP", "Ed25519" | "X25519") => 32,
        ("OKP", "Ed448") => 57,
        ("OKP", "X448") => 56,
        _ => return Outcome::not_applicable("no OKP key of a known curve"),
    };
    let x = key.bytes("x").unwrap_or_default();
    if x.len() != length {
        return fail(format!("{} has {} bytes, and its curve needs {length}.", key.name(), x.len()))
            .severity(Severity::High)
            .into();
    }
    let mut y = x.clone();
    // The sign of x is in the last bit (RFC 8032 section 5.1.2).
    if let Some(last) = y.last_mut().filter(|_| key.crv() == "Ed25519") {
        *last &= 0x7f;
    }
    let low_order = y.iter().all(|byte| *byte == 0) || LOW_ORDER.iter().any(|point| hex(point).as_ref() == Some(&y));
    if !low_order {
        return Outcome::pass();
    }
    fail(format!("{} is a point of low order: a signature can be made that fits every message.", key.name()))
        .proof(Proof::ProvenOffline)
        .into()
}

/// The y coordinates of the points of order 1, 2, 4 and 8 on Curve25519 in Edwards form, little-endian, with the forms
/// that are not reduced.
const LOW_ORDER: [&str; 7] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
];
