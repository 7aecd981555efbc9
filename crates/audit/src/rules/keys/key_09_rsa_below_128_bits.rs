//! KEY-09: RSA modulus gives less than 128-bit strength.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-09",
    title: "RSA modulus gives less than 128-bit strength",
    tier: Tier::Passive,
    severity: Severity::Info,
    references: "ASVS 11.2.3 (L2); 2048 is still allowed by RFC 7518: info, not a defect",
    why: "2048 bits give about 112 bits of strength, which NIST allows until 2030.",
    fix: "Use 3072 bits, or ES256 or Ed25519, for new keys.",
    bad: Example::key_sets(
        r#"{"kty":"RSA","kid":"r1","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#,
    ),
    good: Example::key_sets(
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    ),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    match key.modulus().map(|n| n.bits()) {
        Some(bits @ 2048..3072) => {
            review(format!("{} has {bits} bits: sound today, below 128 bits of strength.", key.name())).into()
        }
        Some(_) | None => Outcome::pass(),
    }
}
