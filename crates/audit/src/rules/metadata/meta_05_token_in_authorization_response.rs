//! META-05: Token in the authorization response.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-05",
    title: "Token in the authorization response",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 9700 2.1.2; ASVS 10.4.4, 10.6.1; CWE-598",
    why: "A token in the authorization response is in a URL: in history, logs and Referer.",
    fix: "Use the authorization code with PKCE.",
    bad: Example::metadata(r#"{"issuer":"https://issuer.example","response_types_supported":["code","token"]}"#),
    good: Example::metadata(r#"{"issuer":"https://issuer.example","response_types_supported":["code"]}"#),
    checks: &[Check::Metadata(check)],
};

fn check(document: &Metadata, _: &Setting<'_>) -> Outcome {
    if !document.is_issuer() {
        return Outcome::not_applicable("not the metadata of an issuer");
    }

    // `id_token` alone carries no access token.
    let offered: Vec<&str> = document
        .list("response_types_supported")
        .into_iter()
        .filter(|kind| kind.split(' ').any(|part| part == "token"))
        .collect();
    if offered.is_empty() {
        return Outcome::pass();
    }
    fail("Access tokens are given in the authorization response.")
        .proof(Proof::Declared)
        .fact("response types", offered.join(", "))
        .into()
}
