//! META-07: No PKCE or plain.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-07",
    title: "No PKCE or plain",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 9700 2.1.1; ASVS 10.4.6; CWE-345",
    why: "Without PKCE a stolen authorization code can be redeemed by the thief.",
    fix: "Offer PKCE with S256 only.",
    bad: Example::metadata(
        r#"{"issuer":"https://issuer.example","authorization_endpoint":"https://issuer.example/authorize","code_challenge_methods_supported":["plain"]}"#,
    ),
    good: Example::metadata(
        r#"{"issuer":"https://issuer.example","authorization_endpoint":"https://issuer.example/authorize","code_challenge_methods_supported":["S256"]}"#,
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
    let methods = document.list("code_challenge_methods_supported");
    if !methods.contains(&"S256") {
        return fail("PKCE with S256 is not offered.").proof(Proof::Declared).into();
    }
    if methods.contains(&"plain") {
        return fail("PKCE is offered with `plain`, which protects from nothing.")
            .severity(Severity::Low)
            .proof(Proof::Declared)
            .into();
    }
    Outcome::pass()
}
