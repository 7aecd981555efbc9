//! KEY-10: Bad RSA exponent.

use crate::rules::prelude::*;
use num_bigint::BigUint;

pub(super) static RULE: Rule = Rule {
    id: "KEY-10",
    title: "Bad RSA exponent",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "NIST SP 800-56B / FIPS 186-5; ASVS 11.6.1; CWE-326",
    why: "With the exponent 1 anyone signs, with an even one nobody can; with 3 careless padding checks are fatal.",
    fix: "Make a new key with the exponent 65537.",
    bad: Example::key_sets(
        r#"{"kty":"RSA","kid":"r1","e":"AQ","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#,
    ),
    good: Example::key_sets(
        r#"{"kty":"RSA","kid":"r1","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#,
    ),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    let (Some(n), Some(e)) = (key.modulus(), key.integer("e")) else {
        return Outcome::not_applicable("no RSA key");
    };
    let name = key.name();
    if e == BigUint::ZERO {
        return fail(format!("The exponent of {name} is 0: every number signs the same one message."))
            .severity(Severity::High)
            .into();
    }
    if e == BigUint::from(1u8) {
        return fail(format!("The exponent of {name} is 1: every message is its own signature."))
            .proof(Proof::ProvenOffline)
            .into();
    }
    if !e.bit(0) || e >= n {
        return fail(format!("The exponent of {name} is {}: it is no RSA key.", shown(&e)))
            .severity(Severity::High)
            .into();
    }
    match e.to_string().as_str() {
        "65537" => Outcome::pass(),
        "3" => fail(format!("The exponent of {name} is 3: forged padding passes careless checks."))
            .severity(Severity::Low)
            .into(),
        _ => review(format!("The exponent of {name} is {}, not 65537.", shown(&e))).severity(Severity::Info).into(),
    }
}

fn shown(e: &BigUint) -> String {
    if e.bits() <= 64 { e.to_string() } else { format!("a number of {} bits", e.bits()) }
}
