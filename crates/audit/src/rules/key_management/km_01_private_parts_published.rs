//! KM-01: Private key parts in a published JWKS.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-01",
    title: "Private key parts in a published JWKS",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "RFC 7517 9.2; RFC 7518 6.2.2, 6.3.2; ASVS 13.3.1; CWE-522; CWE-321",
    why: "Whoever fetches the set can sign. Every token ever signed with this key is worthless as proof.",
    fix: "Remove it, make a new key, and treat every token of this one as forged.",
    bad: Example::key_sets(
        r#"# https://issuer.example/jwks.json
{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"leaked","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}]}"#,
    ),
    good: Example::key_sets(
        r#"# https://issuer.example/jwks.json
{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"good","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"}]}"#,
    ),
    checks: &[Check::KeySet(check)],
};

fn check(set: &KeySet, _: &Setting<'_>) -> Outcome {
    let mut findings = Vec::new();
    for key in &set.keys {
        let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"];
        let parts: Vec<&str> = private.into_iter().filter(|name| key.json.get(name).is_some()).collect();
        if parts.is_empty() || key.kty() == "oct" {
            continue;
        }
        let finding = match set.url() {
            Some(url) => {
                fail(format!("{} is published with its private half at {url}.", key.name())).proof(Proof::ProvenOffline)
            }
            // A file may be private on purpose; published it must not be.
            None => review(format!("{} has its private half in this file: it must not be published.", key.name())),
        };
        findings.push(finding.fact("members", parts.join(", ")).at(key.place.clone()));
    }
    Outcome::of(findings)
}
