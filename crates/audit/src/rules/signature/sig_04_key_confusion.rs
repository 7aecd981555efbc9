//! SIG-04: Public key usable as HMAC secret (key-type confusion).

use crate::live::{Attempt, Plan, Scene};
use crate::rules::prelude::*;
use crate::secrets::public_key_secrets;

pub(super) static RULE: Rule = Rule {
    id: "SIG-04",
    title: "Public key usable as HMAC secret (key-type confusion)",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "RFC 8725 3.1; ASVS 9.1.2; CVE-2015-9235; CVE-2016-10555; CVE-2022-29217; CVE-2024-33663 (DER is a known bypass of its fix); CWE-347",
    why: "The public key is public. If it also works as an HMAC secret, everyone has the secret.",
    fix: "Let the key carry its algorithm; never choose the algorithm by what the token says.",
    bad: Example::behaviour("A token signed by HS256 with the PEM text of the public key is accepted."),
    good: Example::behaviour("The key verifies by its own algorithm only."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    if scene.valid.is_hmac() {
        return Plan::not_applicable("the endpoint's tokens are signed by HMAC");
    }
    let mut secrets: Vec<(String, Vec<u8>)> = Vec::new();
    let fitting = scene
        .keys
        .iter()
        .filter(|key| scene.valid.kid().is_none() || key.kid().is_none() || key.kid() == scene.valid.kid());
    for key in fitting.take(MAX_KEYS_TRIED) {
        secrets.extend(
            public_key_secrets(key).into_iter().map(|(form, bytes)| (format!("{form} of {}", key.name()), bytes)),
        );
    }
    for text in &scene.key_set_texts {
        secrets.push(("the text of the key set".to_owned(), text.as_bytes().to_vec()));
    }
    if secrets.is_empty() {
        // An ECDSA signature tells its key, up to two.
        for key in scene.recovered_keys() {
            secrets.extend(
                public_key_secrets(&key)
                    .into_iter()
                    .map(|(form, bytes)| (format!("{form} of the key recovered from the signature"), bytes)),
            );
        }
    }
    if let Some(certificate) = &scene.certificate {
        secrets.extend(crate::secrets::certificate_secrets(certificate));
    }
    if secrets.is_empty() {
        return Plan::not_tested("the public key is not known: --jwks FILE-OR-URL");
    }
    let forge = scene.forge();
    let mut attempts: Vec<Attempt> = Vec::new();
    for (what, secret) in &secrets {
        attempts.push(forge.hmac(&format!("HS256 with {what}"), &forge.header("HS256"), secret));
    }
    // The longer hashes with the commonest forms only: a verifier that takes one family member takes the others by the same path.
    for alg in ["HS384", "HS512"] {
        for (what, secret) in secrets.iter().take(3) {
            attempts.push(forge.hmac(&format!("{alg} with {what}"), &forge.header(alg), secret));
        }
    }
    Plan::of(attempts)
}

/// How many keys of a set are tried in every form.
const MAX_KEYS_TRIED: usize = 4;
