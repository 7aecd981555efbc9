//! KEY-17: Small private exponent (Wiener).

use crate::arithmetic::factor;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-17",
    title: "Small private exponent (Wiener)",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "ASVS 11.6.1; CWE-326",
    why: "A public exponent as long as the modulus often hides a short private one, which falls to continued fractions.",
    fix: "Make a new key with the exponent 65537.",
    bad: Example::key_sets(r#"{"kty":"RSA","kid":"wiener","e":"@wiener_e","n":"@wiener_n"}"#),
    good: Example::key_sets(r#"{"kty":"RSA","kid":"wiener","e":"AQAB","n":"@wiener_n"}"#),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    let (Some(n), Some(e)) = (key.modulus(), key.integer("e")) else {
        return Outcome::not_applicable("no RSA key");
    };
    if e.bits() <= 32 {
        return Outcome::passed("a short public exponent has a long private one");
    }
    if !factor::wiener(&n, &e) {
        return Outcome::passed("not found by Wiener's method");
    }
    fail(format!("The private exponent of {} is small, and was computed.", key.name()))
        .proof(Proof::ProvenOffline)
        .into()
}
