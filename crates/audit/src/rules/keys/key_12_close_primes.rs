//! KEY-12: RSA primes too close (Fermat).

use crate::arithmetic::factor;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-12",
    title: "RSA primes too close (Fermat)",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "CVE-2022-26320; ASVS 11.6.1 (names Fermat); CWE-331",
    why: "Primes that are close to each other are found in a moment by a method of 1643.",
    fix: "Make a new key.",
    bad: Example::key_sets(r#"{"kty":"RSA","kid":"close","e":"AQAB","n":"@close"}"#),
    good: Example::key_sets(
        r#"{"kty":"RSA","kid":"r1","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#,
    ),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    let Some(n) = key.modulus() else {
        return Outcome::not_applicable("no RSA key");
    };
    match factor::fermat(&n, ROUNDS) {
        Some(rounds) => fail(format!("{} was factored: its primes are close to each other.", key.name()))
            .proof(Proof::ProvenOffline)
            .fact("rounds of Fermat's method", rounds.to_string())
            .into(),
        None => Outcome::passed(format!("{ROUNDS} rounds of Fermat's method")),
    }
}

const ROUNDS: u32 = 100;
