//! KM-04: No alg on a key.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-04",
    title: "No alg on a key",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "8725bis 3.1; RFC 7517 4.4; CWE-327",
    why: "A key that says its algorithm can't be used with another one.",
    fix: "Set `alg` on each key.",
    bad: Example::key_sets(r#"{"kty":"RSA","kid":"r","use":"sig","e":"AQAB","n":"@shared1"}"#),
    good: Example::key_sets(r#"{"kty":"RSA","kid":"r","use":"sig","alg":"RS256","e":"AQAB","n":"@shared1"}"#),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    // The types of other keys leave one algorithm only.
    let needs = matches!(key.kty(), "RSA" | "oct");
    if key.alg().is_some() || !needs {
        return Outcome::pass();
    }
    fail(format!("{} does not say its algorithm.", key.name())).into()
}
