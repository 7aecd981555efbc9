//! KEY-15: Key from a broken generator (Debian, keypair).

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-15",
    title: "Key from a broken generator (Debian, keypair)",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "CVE-2008-0166; CVE-2021-41117; ASVS 11.6.1; CWE-338",
    why: "Some generators had so little randomness that all their keys have been listed.",
    fix: "Make a new key.",
    bad: Example::key_sets(r#"{"kty":"RSA","kid":"debian","e":"AQAB","n":"0vx7"}"#),
    good: Example::key_sets(r#"{"kty":"RSA","kid":"r1","e":"AQAB","n":"0vx8"}"#),
    checks: &[Check::Never(
        "it needs a list of 60 MB that is not shipped; --known-primes covers shared primes, and KEY-16 published keys",
    )],
};
