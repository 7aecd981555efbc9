//! KEY-25: No post-quantum migration inventory.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-25",
    title: "No post-quantum migration inventory",
    tier: Tier::Passive,
    severity: Severity::Info,
    references: "ASVS 11.1.4; RFC 9964; info only",
    why: "Signatures that must hold for years need a plan for the day when a quantum computer breaks the classical ones.",
    fix: "List where each algorithm is used, and keep algorithms changeable by configuration.",
    bad: Example::key_sets(
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    ),
    good: Example::key_sets(r#"{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"}"#),
    checks: &[Check::KeySet(check)],
};

fn check(set: &KeySet, _: &Setting<'_>) -> Outcome {
    if set.keys.is_empty() {
        return Outcome::not_applicable("no keys");
    }
    if set.keys.iter().any(|key| key.kty() == "AKP") {
        return Outcome::passed("a key for ML-DSA (RFC 9964) is there");
    }
    review("All keys are classical.").into()
}
