//! KEY-16: Private key is publicly known.

use crate::known::published_keys;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-16",
    title: "Private key is publicly known",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "ASVS 13.3.1; CWE-321",
    why: "The private half of this key is printed in a standard, a tutorial or a test suite: anyone can sign with it.",
    fix: "Make a new key; copy none.",
    bad: Example::key_sets(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#),
    good: Example::key_sets(r#"{"kty":"OKP","crv":"Ed25519","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"}"#),
    checks: &[Check::Key(check_key), Check::Token(check_token)],
};

fn check_key(key: &Key, _: &Setting<'_>) -> Outcome {
    let Some(thumbprint) = key.thumbprint().filter(|_| key.kty() != "oct") else {
        return Outcome::not_applicable("no asymmetric key");
    };
    published_keys::find(&thumbprint).map_or_else(Outcome::pass, |place| {
        fail(format!("The private half of {} is publicly known.", key.name()))
            .proof(Proof::ProvenOffline)
            .fact("thumbprint", thumbprint)
            .fact("printed in", place)
            .into()
    })
}

fn check_token(token: &Token, setting: &Setting<'_>) -> Outcome {
    match token.header.get("jwk") {
        Some(jwk) => check_key(&Key { json: jwk.clone(), place: token.place.path("header.jwk") }, setting),
        None => Outcome::not_applicable("no key in the token"),
    }
}
