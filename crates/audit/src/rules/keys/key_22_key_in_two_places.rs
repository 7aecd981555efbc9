//! KEY-22: One key in several environments or issuers.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-22",
    title: "One key in several environments or issuers",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 8725 3.12; ASVS 11.1.1; CWE-668",
    why: "A key of two issuers or environments lets a test system sign for production.",
    fix: "Make one key for each issuer and environment.",
    bad: Example::key_sets(
        r#"# https://a.example/jwks.json
{"keys":[{"kty":"OKP","crv":"Ed25519","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"}]}
# https://b.example/jwks.json
{"keys":[{"kty":"OKP","crv":"Ed25519","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"}]}"#,
    ),
    good: Example::key_sets(
        r#"# https://a.example/jwks.json
{"keys":[{"kty":"OKP","crv":"Ed25519","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"}]}
# https://b.example/jwks.json
{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    ),
    checks: &[Check::KeySets(check)],
};

fn check(sets: &[KeySet], _: &Setting<'_>) -> Outcome {
    if sets.iter().all(|set| Some(set.origin()) == sets.first().map(KeySet::origin)) {
        return Outcome::not_applicable("it takes the key sets of two places");
    }
    let mut seen: Vec<(String, &KeySet)> = Vec::new();
    let mut findings = Vec::new();
    for set in sets {
        for key in set.keys.iter().filter(|key| key.kty() != "oct") {
            let Some(thumbprint) = key.thumbprint() else { continue };
            match seen.iter().find(|(known, other)| *known == thumbprint && other.origin() != set.origin()) {
                Some((_, other)) => findings.push(
                    fail(format!("One key is published at {} and at {}.", other.origin(), set.origin()))
                        .fact("thumbprint", thumbprint)
                        .at(key.place.clone()),
                ),
                None => seen.push((thumbprint, set)),
            }
        }
    }
    Outcome::of(findings)
}
