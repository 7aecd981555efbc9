//! JWE-10: One key for signing and encryption.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "JWE-10",
    title: "One key for signing and encryption",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 7517 4.2; ASVS 11.1.2; CWE-668",
    why: "A key that signs and decrypts can be used to do the one by asking for the other.",
    fix: "Use different keys.",
    bad: Example::key_sets(
        r#"{"keys":[{"kty":"RSA","kid":"s","use":"sig","e":"AQAB","n":"@shared1"},{"kty":"RSA","kid":"e","use":"enc","e":"AQAB","n":"@shared1"}]}"#,
    ),
    good: Example::key_sets(
        r#"{"keys":[{"kty":"RSA","kid":"s","use":"sig","e":"AQAB","n":"@shared1"},{"kty":"RSA","kid":"e","use":"enc","e":"AQAB","n":"@close"}]}"#,
    ),
    checks: &[Check::KeySet(check)],
};

fn check(set: &KeySet, _: &Setting<'_>) -> Outcome {
    let with_use = |usage: &str| {
        set.keys
            .iter()
            .filter(|key| key.usage() == Some(usage))
            .filter_map(|key| Some((key, key.thumbprint()?)))
            .collect::<Vec<_>>()
    };
    let encrypting = with_use("enc");
    let both = with_use("sig").into_iter().filter(|(_, print)| encrypting.iter().any(|(_, other)| other == print));
    let findings = both.map(|(key, _)| {
        fail(format!("{} is published for signatures and for encryption.", key.name())).at(key.place.clone())
    });
    Outcome::of(findings.collect())
}
