//! KM-11: JWK ill-formed.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-11",
    title: "JWK ill-formed",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "RFC 7517; RFC 7518 2, 6; CWE-20",
    why: "What one reader corrects and another refuses works here and fails there.",
    fix: "Write keys as RFC 7518 section 6 says.",
    bad: Example::key_sets(r#"{"kty":"RSA","kid":"r","e":"AAEAAQ","n":"@shared1"}"#),
    good: Example::key_sets(r#"{"kty":"RSA","kid":"r","e":"AQAB","n":"@shared1"}"#),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    let mut reasons = Vec::new();
    let names: &[&str] = match key.kty() {
        "RSA" => &["n", "e"],
        "EC" => &["crv", "x", "y"],
        "OKP" => &["crv", "x"],
        "oct" => &["k"],
        "AKP" => &["alg", "pub"],
        "" => return fail("A key has no `kty`.").into(),
        other => return fail(format!("The key type {other:?} is not registered.")).severity(Severity::Info).into(),
    };
    for name in names {
        match key.json.text(name) {
            None => reasons.push(format!("`{name}` is missing or no text")),
            Some(_) if matches!(*name, "crv" | "alg") => {}
            Some(text) if probity_jose::base64url::decode(text).is_err() => {
                reasons.push(format!("`{name}` is no strict base64url"));
            }
            // RFC 7518 section 6.3.1.1: no leading zeros.
            Some(_) if matches!(*name, "n" | "e") && key.bytes(name).is_some_and(|bytes| bytes.first() == Some(&0)) => {
                reasons.push(format!("`{name}` has leading zeros"));
            }
            Some(_) => {}
        }
    }
    if let Some(name) = key.json.repeated_member() {
        reasons.push(format!("`{name}` occurs twice"));
    }
    if reasons.is_empty() {
        return Outcome::pass();
    }
    fail(format!("{} is not well formed: {}.", key.name(), reasons.join(", "))).into()
}
