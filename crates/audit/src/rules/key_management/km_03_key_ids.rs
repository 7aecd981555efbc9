//! KM-03: kid missing or repeated.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-03",
    title: "kid missing or repeated",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 7517 4.5 SHOULD; RFC 8725 3.1; CWE-694",
    why: "A verifier that can't tell keys apart tries them all, or takes the wrong one.",
    fix: "Give each key a `kid` of its own.",
    bad: Example::key_sets(
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"},{"kty":"EC","kid":"a","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
    ),
    good: Example::key_sets(
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"},{"kty":"EC","kid":"b","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
    ),
    checks: &[Check::KeySet(check)],
};

fn check(set: &KeySet, _: &Setting<'_>) -> Outcome {
    let mut findings = Vec::new();
    for (at, key) in set.keys.iter().enumerate() {
        match key.kid() {
            None if set.keys.len() > 1 => findings.push(
                fail(format!("{} has no `kid`, and it is not the only one.", key.name()))
                    .severity(Severity::Low)
                    .at(key.place.clone()),
            ),
            // RFC 7517 section 4.5: keys of different types may share one; better they don't.
            Some(kid)
                if set
                    .keys
                    .iter()
                    .skip(at + 1)
                    .any(|other| other.kid() == Some(kid) && other.thumbprint() != key.thumbprint()) =>
            {
                findings.push(fail(format!("Two keys have the `kid` {kid}.")).at(key.place.clone()));
            }
            _ => {}
        }
    }
    Outcome::of(findings)
}
