//! KEY-14: RSA modulus shares a prime.

use crate::arithmetic::factor;
use crate::rules::prelude::*;
use num_bigint::BigUint;

pub(super) static RULE: Rule = Rule {
    id: "KEY-14",
    title: "RSA modulus shares a prime",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "ASVS 11.6.1; CWE-331",
    why: "Two moduli with a common prime factor each other: one division, and both private keys are known.",
    fix: "Make new keys, on machines with good randomness.",
    bad: Example::key_sets(
        r#"{"keys":[{"kty":"RSA","kid":"a","e":"AQAB","n":"@shared1"},{"kty":"RSA","kid":"b","e":"AQAB","n":"@shared2"}]}"#,
    ),
    good: Example::key_sets(
        r#"{"keys":[{"kty":"RSA","kid":"a","e":"AQAB","n":"@shared1"},{"kty":"RSA","kid":"b","e":"AQAB","n":"@close"}]}"#,
    ),
    checks: &[Check::KeySets(check)],
};

fn check(sets: &[KeySet], setting: &Setting<'_>) -> Outcome {
    let keys: Vec<(&Key, BigUint)> = sets
        .iter()
        .flat_map(|set| &set.keys)
        .filter_map(|key| Some((key, key.modulus()?)))
        .take(MAX_KEYS_COMPARED)
        .collect();
    if keys.is_empty() {
        return Outcome::not_applicable("no RSA keys");
    }
    let one = BigUint::from(1u8);
    let mut findings = Vec::new();
    for (at, (key, n)) in keys.iter().enumerate() {
        for (other, m) in keys.iter().skip(at + 1).filter(|(_, m)| m != n) {
            if factor::gcd(n, m) != one {
                findings.push(
                    fail(format!("{} and {} share a prime: both private keys are known.", key.name(), other.name()))
                        .proof(Proof::ProvenOffline)
                        .at(key.place.clone()),
                );
            }
        }
        if setting
            .known_moduli
            .iter()
            .any(|known| *known != BigUint::ZERO && factor::gcd(&(known % n), n) != one && known % n != BigUint::ZERO)
        {
            findings.push(
                fail(format!("{} has a prime that is known from other keys.", key.name()))
                    .proof(Proof::ProvenOffline)
                    .at(key.place.clone()),
            );
        }
    }
    if findings.is_empty() {
        let known = setting.known_moduli.len();
        return Outcome::passed(format!(
            "{} keys compared with one another and {known} files of known primes (--known-primes)",
            keys.len()
        ));
    }
    Outcome::of(findings)
}

/// Every key is compared with every other.
const MAX_KEYS_COMPARED: usize = 200;
