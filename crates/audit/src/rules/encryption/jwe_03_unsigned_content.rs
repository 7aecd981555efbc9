//! JWE-03: Decrypted content is not signed.

use crate::live::{Attempt, Plan, Scene};
use crate::rules::prelude::*;
use crate::secrets::{encrypt_direct, encrypt_to};

pub(super) static RULE: Rule = Rule {
    id: "JWE-03",
    title: "Decrypted content is not signed",
    tier: Tier::SigningKey,
    severity: Severity::High,
    references: "RFC 8725 2.3, 3.3; CWE-347",
    why: "A decrypted token proves that somebody had the public key, which everyone has.",
    fix: "Require a signed token inside.",
    bad: Example::behaviour("Claims that are encrypted and not signed are accepted."),
    good: Example::behaviour("A signed token is required inside."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    if !scene.valid.encrypted {
        return Plan::not_applicable("the endpoint's tokens are not encrypted");
    }
    let claims = scene.forge().claims_json().to_string();
    let mut tokens: Vec<(String, String)> = scene
        .keys
        .iter()
        .filter(|key| !key.for_signatures() || key.usage().is_none())
        .flat_map(|key| encrypt_to(key, claims.as_bytes()))
        .collect();
    if let Some(secret) = scene.encryption_secret() {
        tokens.extend(encrypt_direct(secret, claims.as_bytes()));
    }
    if tokens.is_empty() {
        return Plan::not_tested("needs the encryption key: --jwks with a key of use enc, or --encryption-key");
    }
    let attempts = tokens.into_iter().map(|(alg, token)| {
        let twin = crate::live::break_last_part(&token);
        Attempt::forgery(format!("plain claims encrypted with {alg}"), token, twin)
    });
    Plan::of(attempts.collect())
}
