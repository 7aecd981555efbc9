//! KM-15: Dead keys in the set.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-15",
    title: "Dead keys in the set",
    tier: Tier::Passive,
    severity: Severity::Info,
    references: "ASVS 11.1.2",
    why: "Each key that is trusted and not used is one more that can leak unnoticed.",
    fix: "Remove keys that are not used any more.",
    bad: Example::key_sets(
        r#"{"keys":[{"kty":"OKP","kid":"1"},{"kty":"OKP","kid":"2"},{"kty":"OKP","kid":"3"},{"kty":"OKP","kid":"4"},{"kty":"OKP","kid":"5"},{"kty":"OKP","kid":"6"},{"kty":"OKP","kid":"7"},{"kty":"OKP","kid":"8"},{"kty":"OKP","kid":"9"}]}"#,
    ),
    good: Example::key_sets(r#"{"keys":[{"kty":"OKP","kid":"1"},{"kty":"OKP","kid":"2"}]}"#),
    checks: &[Check::KeySet(check)],
};

fn check(set: &KeySet, _: &Setting<'_>) -> Outcome {
    if set.keys.len() <= MANY {
        return Outcome::passed(format!("{} keys", set.keys.len()));
    }
    review(format!("{} keys are trusted at once.", set.keys.len())).into()
}

const MANY: usize = 8;
