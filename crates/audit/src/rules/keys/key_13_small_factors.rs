//! KEY-13: RSA modulus has small factors or is not a semiprime.

use crate::arithmetic::factor;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-13",
    title: "RSA modulus has small factors or is not a semiprime",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "ASVS 11.6.1; CWE-1240",
    why: "A modulus with a small factor was not made of two large primes: it is a broken or a made-up key.",
    fix: "Make a new key.",
    bad: Example::key_sets(r#"{"kty":"RSA","kid":"small","e":"AQAB","n":"@small"}"#),
    good: Example::key_sets(
        r#"{"kty":"RSA","kid":"r1","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#,
    ),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    let Some(n) = key.modulus() else {
        return Outcome::not_applicable("no RSA key");
    };
    if let Some(factor) = factor::small_factor(&n) {
        return fail(format!("The modulus of {} is divisible by {factor}.", key.name()))
            .proof(Proof::ProvenOffline)
            .into();
    }
    if factor::is_probable_prime(&n) {
        return fail(format!("The modulus of {} is itself a prime: its private half is known at once.", key.name()))
            .proof(Proof::ProvenOffline)
            .into();
    }
    Outcome::passed("no factor below 65,537, and no prime")
}
