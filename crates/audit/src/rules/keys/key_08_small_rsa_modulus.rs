//! KEY-08: RSA modulus below 2048 bits.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-08",
    title: "RSA modulus below 2048 bits",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 7518 3.3, 3.5 MUST; NIST SP 800-131A; CWE-326",
    why: "Moduli below 2048 bits have been factored (829 bits in 2020), or are within reach of those who pay.",
    fix: "Use RSA keys of 3072 bits, or ES256 or Ed25519.",
    bad: Example::key_sets(
        r#"{"kty":"RSA","kid":"old","e":"AQAB","n":"ALqT_LWbYaOzQ5f4mJ8v1k3hWz9Xb2cQp7sT0yRnE5aV"}"#,
    ),
    good: Example::key_sets(
        r#"{"kty":"RSA","kid":"r1","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#,
    ),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    let Some(n) = key.modulus() else {
        return Outcome::not_applicable("no RSA key");
    };
    // RFC 7518 sections 3.3 and 3.5: 2048 bits or more.
    if n.bits() >= 2048 {
        return Outcome::passed(format!("{} bits", n.bits()));
    }
    fail(format!("The RSA modulus of {} has {} bits.", key.name(), n.bits())).fact("bits", n.bits().to_string()).into()
}
