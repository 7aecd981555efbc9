//! KM-06: Key never rotated.

use crate::evidence::histories;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-06",
    title: "Key never rotated",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "ASVS 11.1.1, 13.3.4; NIST SP 800-57; CWE-324",
    why: "A key that is never replaced has been in every backup and with everyone who left.",
    fix: "Replace keys by a documented period, at least once a year.",
    bad: Example::key_sets(
        r#"# https://issuer.example/jwks.json 1700000000
{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
# https://issuer.example/jwks.json 1740000000
{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    ),
    good: Example::key_sets(
        r#"# https://issuer.example/jwks.json 1700000000
{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
# https://issuer.example/jwks.json 1740000000
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
        let (Some(newest), Some(last)) = (history.last(), history.last().and_then(|set| set.seen)) else { continue };
        for key in &newest.keys {
            let Some(thumbprint) = key.thumbprint() else { continue };
            let first = history
                .iter()
                .filter(|set| set.keys.iter().any(|other| other.thumbprint().as_ref() == Some(&thumbprint)))
                .filter_map(|set| set.seen)
                .min();
            let age = last - first.unwrap_or(last);
            if age > A_YEAR {
                findings.push(
                    fail(format!("{} has been published for {}.", key.name(), duration(age))).at(key.place.clone()),
                );
            }
        }
    }
    Outcome::of(findings)
}

const A_YEAR: i64 = 31_536_000;
