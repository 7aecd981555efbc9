//! META-10: No sender-constrained tokens.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-10",
    title: "No sender-constrained tokens",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "RFC 9700 2.2.1 SHOULD; ASVS 10.3.5, 10.4.14 (L3)",
    why: "A bearer token works for whoever has it; a bound one only together with a key.",
    fix: "Offer DPoP or mutual TLS.",
    bad: Example::metadata(r#"{"issuer":"https://issuer.example","token_endpoint":"https://issuer.example/token"}"#),
    good: Example::metadata(
        r#"{"issuer":"https://issuer.example","token_endpoint":"https://issuer.example/token","dpop_signing_alg_values_supported":["ES256"]}"#,
    ),
    checks: &[Check::Metadata(check)],
};

fn check(document: &Metadata, _: &Setting<'_>) -> Outcome {
    if !document.is_issuer() {
        return Outcome::not_applicable("not the metadata of an issuer");
    }

    let mtls = document.json.get("tls_client_certificate_bound_access_tokens") == Some(&Json::Bool(true));
    if mtls || !document.list("dpop_signing_alg_values_supported").is_empty() {
        return Outcome::pass();
    }
    review("Tokens can't be bound to their sender (DPoP or mutual TLS).").into()
}
