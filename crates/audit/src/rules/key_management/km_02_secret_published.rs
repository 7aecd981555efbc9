//! KM-02: Symmetric key in a published JWKS.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-02",
    title: "Symmetric key in a published JWKS",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "RFC 7517 4; RFC 7518 6.4; ASVS 13.3.1; CWE-522",
    why: "A published secret is no secret: whoever fetches the set can sign.",
    fix: "Remove it, make a new key, and treat every token of this one as forged.",
    bad: Example::key_sets(
        r#"# https://issuer.example/jwks.json
{"keys":[{"kty":"oct","kid":"leaked","k":"AAPapAv4LbFbiVawEjagUBluYqN5rhna-8nuldDvOx8"}]}"#,
    ),
    good: Example::key_sets(
        r#"# https://issuer.example/jwks.json
{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"good","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"}]}"#,
    ),
    checks: &[Check::KeySet(check)],
};

fn check(set: &KeySet, _: &Setting<'_>) -> Outcome {
    let secrets = set.keys.iter().filter(|key| key.kty() == "oct" || key.json.get("k").is_some());
    let findings = secrets.map(|key| {
        match set.url() {
            Some(url) => {
                fail(format!("{} is a secret, and it is published at {url}.", key.name())).proof(Proof::ProvenOffline)
            }
            None => review(format!("{} is a secret: this file must not be published.", key.name())),
        }
        .at(key.place.clone())
    });
    Outcome::of(findings.collect())
}
