//! KM-10: JWKS cache time does not fit rotation.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-10",
    title: "JWKS cache time does not fit rotation",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "ASVS 11.1.1; CWE-324",
    why: "A key that is replaced must reach every verifier before it is used; a compromised one must vanish soon.",
    fix: "Let the set be cached for at most half the time in which old and new keys overlap.",
    bad: Example::key_sets(
        r#"# https://issuer.example/jwks.json max-age=604800
{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    ),
    good: Example::key_sets(
        r#"# https://issuer.example/jwks.json max-age=600
{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    ),
    checks: &[Check::KeySet(check)],
};

fn check(set: &KeySet, _: &Setting<'_>) -> Outcome {
    if set.url().is_none() {
        return Outcome::not_applicable("not fetched");
    }
    let control = set.cache_control.as_deref().unwrap_or_default();
    let age = control.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<i64>().ok());
    match age {
        Some(age) if age > A_DAY => {
            fail(format!("The key set may be cached for {}.", duration(age))).fact("Cache-Control", control).into()
        }
        Some(age) => Outcome::passed(format!("max-age {age}")),
        None => review("The key set does not say how long it may be cached.").severity(Severity::Info).into(),
    }
}

const A_DAY: i64 = 86_400;
