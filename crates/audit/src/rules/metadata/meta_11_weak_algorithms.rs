//! META-11: Weak algorithms advertised.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-11",
    title: "Weak algorithms advertised",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 8725 3.2; ASVS 11.3.1; CWE-327",
    why: "What is offered, some client will use.",
    fix: "Take the weak algorithms out of the list.",
    bad: Example::metadata(r#"{"issuer":"https://issuer.example","id_token_signing_alg_values_supported":["HS256"]}"#),
    good: Example::metadata(r#"{"issuer":"https://issuer.example","id_token_signing_alg_values_supported":["ES256"]}"#),
    checks: &[Check::Metadata(check)],
};

fn check(document: &Metadata, _: &Setting<'_>) -> Outcome {
    if !document.is_issuer() {
        return Outcome::not_applicable("not the metadata of an issuer");
    }

    let mut findings = Vec::new();
    for (name, value) in document.json.members().iter().filter(|(name, _)| name.contains("_alg")) {
        for alg in value.strings() {
            let shared_secret = alg.starts_with("HS") && (name.starts_with("id_token") || name.starts_with("userinfo"));
            if matches!(alg, "RSA1_5" | "RS1" | "HS1") || shared_secret {
                findings.push(fail(format!("`{name}` offers {alg}.")).proof(Proof::Declared));
            }
        }
    }
    Outcome::of(findings)
}
