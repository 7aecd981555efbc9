//! META-12: Open dynamic registration / free request_uri.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-12",
    title: "Open dynamic registration / free request_uri",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "ASVS 10.4.7; CWE-918",
    why: "Anyone may then register a client, or make the issuer fetch a URL.",
    fix: "Ask for a token at registration, and fetch registered request URIs only.",
    bad: Example::metadata(
        r#"{"issuer":"https://issuer.example","registration_endpoint":"https://issuer.example/register"}"#,
    ),
    good: Example::metadata(r#"{"issuer":"https://issuer.example","require_request_uri_registration":true}"#),
    checks: &[Check::Metadata(check)],
};

fn check(document: &Metadata, _: &Setting<'_>) -> Outcome {
    if !document.is_issuer() {
        return Outcome::not_applicable("not the metadata of an issuer");
    }

    let mut findings = Vec::new();
    if let Some(url) = document.json.text("registration_endpoint") {
        findings.push(
            review("There is a registration endpoint: see that it asks for a token.")
                .severity(Severity::Low)
                .fact("registration_endpoint", url),
        );
    }
    let fetches = document.json.get("request_uri_parameter_supported") == Some(&Json::Bool(true));
    if fetches && document.json.get("require_request_uri_registration") != Some(&Json::Bool(true)) {
        findings.push(fail("The issuer fetches any `request_uri`.").proof(Proof::Declared));
    }
    Outcome::of(findings)
}
