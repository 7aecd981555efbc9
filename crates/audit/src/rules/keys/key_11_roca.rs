//! KEY-11: ROCA key.

use crate::arithmetic::roca;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-11",
    title: "ROCA key",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "CVE-2017-15361; ASVS 11.6.1; CWE-1240",
    why: "Keys of one flawed library can be factored from their public half, which shows that it made them.",
    fix: "Make a new key with another generator.",
    bad: Example::key_sets(r#"{"kty":"RSA","kid":"smartcard","e":"AQAB","n":"@roca"}"#),
    good: Example::key_sets(
        r#"{"kty":"RSA","kid":"r1","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#,
    ),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    let Some(n) = key.modulus() else {
        return Outcome::not_applicable("no RSA key");
    };
    if !roca::has_fingerprint(&n) {
        return Outcome::passed("no fingerprint of CVE-2017-15361");
    }
    fail(format!("{} has the fingerprint of CVE-2017-15361: its private half can be computed.", key.name()))
        .proof(Proof::ProvenOffline)
        .fact("fingerprint", "a power of 65537 modulo the product of the first 39 primes")
        .into()
}
