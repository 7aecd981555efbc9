//! META-08: No issuer identification in responses.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-08",
    title: "No issuer identification in responses",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "RFC 9700 4.4; ASVS 10.2.2; CWE-346",
    why: "A client of several issuers can be made to send one's code to another (mix-up).",
    fix: "Send `iss` with authorization responses (RFC 9207).",
    bad: Example::metadata(
        r#"{"issuer":"https://issuer.example","authorization_endpoint":"https://issuer.example/authorize"}"#,
    ),
    good: Example::metadata(
        r#"{"issuer":"https://issuer.example","authorization_endpoint":"https://issuer.example/authorize","authorization_response_iss_parameter_supported":true}"#,
    ),
    checks: &[Check::Metadata(check)],
};

fn check(document: &Metadata, _: &Setting<'_>) -> Outcome {
    if !document.is_issuer() {
        return Outcome::not_applicable("not the metadata of an issuer");
    }

    if document.json.get("authorization_endpoint").is_none() {
        return Outcome::not_applicable("no authorization endpoint");
    }
    // RFC 9207
    if document.json.get("authorization_response_iss_parameter_supported") == Some(&Json::Bool(true)) {
        return Outcome::pass();
    }
    fail("Authorization responses do not name the issuer.").proof(Proof::Declared).into()
}
