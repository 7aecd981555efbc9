//! KEY-18: Public key modulus is biased or patterned.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-18",
    title: "Public key modulus is biased or patterned",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "badkeys rsabias/rsapoly; ASVS 11.6.1; CWE-331",
    why: "A modulus with a visible pattern did not come from a good generator.",
    fix: "Make a new key.",
    bad: Example::key_sets(r#"{"kty":"RSA","kid":"zeros","e":"AQAB","n":"@patterned"}"#),
    good: Example::key_sets(
        r#"{"kty":"RSA","kid":"r1","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#,
    ),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    let Some(n) = key.modulus().filter(|n| n.bits() >= 512) else {
        return Outcome::not_applicable("no RSA key");
    };
    let bits = n.bits();
    let percent = n.count_ones() * 100 / bits;
    let bytes = n.to_bytes_be();
    // In a random modulus a run of eight equal bytes has a probability of 2^-50.
    let run = bytes.windows(8).any(|window| window.iter().all(|byte| Some(byte) == window.first()));
    if run {
        return review(format!("The modulus of {} has a long run of one byte.", key.name())).into();
    }
    if !(40..=60).contains(&percent) {
        return review(format!("{percent} % of the bits of {} are ones.", key.name())).into();
    }
    Outcome::passed(format!("{percent} % ones, no runs"))
}
