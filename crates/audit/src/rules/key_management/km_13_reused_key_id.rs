//! KM-13: kid reused for a new key.

use crate::evidence::histories;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-13",
    title: "kid reused for a new key",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 7517 4.5; CWE-694",
    why: "A verifier that has the old key under this name refuses the new tokens, or worse.",
    fix: "Give a new key a new `kid`.",
    bad: Example::key_sets(
        r#"# https://issuer.example/jwks.json 1700000000
{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
# https://issuer.example/jwks.json 1700003600
{"kty":"OKP","crv":"Ed25519","kid":"k","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"}"#,
    ),
    good: Example::key_sets(
        r#"# https://issuer.example/jwks.json 1700000000
{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
# https://issuer.example/jwks.json 1700003600
{"kty":"OKP","crv":"Ed25519","kid":"l","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"}"#,
    ),
    checks: &[Check::KeySets(check)],
};

fn check(sets: &[KeySet], _: &Setting<'_>) -> Outcome {
    let histories = histories(sets);
    if histories.is_empty() {
        return Outcome::not_tested("it takes the same key set at two times (--history FILE)");
    }
    let mut findings = Vec::new();
    for history in histories {
        let mut seen: Vec<(&str, String)> = Vec::new();
        for key in history.iter().flat_map(|set| &set.keys) {
            let (Some(kid), Some(thumbprint)) = (key.kid(), key.thumbprint()) else { continue };
            match seen.iter().find(|(known, _)| *known == kid) {
                Some((_, known)) if *known != thumbprint => {
                    findings.push(fail(format!("The `kid` {kid} was given to a second key.")).at(key.place.clone()));
                }
                Some(_) => {}
                None => seen.push((kid, thumbprint)),
            }
        }
    }
    Outcome::of(findings)
}
