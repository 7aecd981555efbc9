//! KM-16: Key inventory.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-16",
    title: "Key inventory",
    tier: Tier::Passive,
    severity: Severity::Info,
    references: "ASVS 11.1.2",
    why: "One can only protect the keys that one knows of.",
    fix: "Keep the table that every report prints.",
    bad: Example::key_sets(r#"{"keys":[]}"#),
    good: Example::key_sets(
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"}]}"#,
    ),
    checks: &[Check::KeySet(check)],
};

fn check(set: &KeySet, _: &Setting<'_>) -> Outcome {
    if set.keys.is_empty() {
        return review("The key set is empty: nothing can be verified.").into();
    }
    Outcome::passed(format!("{} keys, in the report's table", set.keys.len()))
}
