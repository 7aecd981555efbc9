//! META-06: Password grant offered.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-06",
    title: "Password grant offered",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 9700 2.4 MUST NOT; ASVS 10.4.4; CWE-522",
    why: "Clients that ask for passwords teach users to type them anywhere, and rule out a second factor.",
    fix: "Remove the password grant.",
    bad: Example::metadata(r#"{"issuer":"https://issuer.example","grant_types_supported":["password"]}"#),
    good: Example::metadata(r#"{"issuer":"https://issuer.example","grant_types_supported":["authorization_code"]}"#),
    checks: &[Check::Metadata(check)],
};

fn check(document: &Metadata, _: &Setting<'_>) -> Outcome {
    if !document.is_issuer() {
        return Outcome::not_applicable("not the metadata of an issuer");
    }

    // RFC 9700 section 2.4
    if document.list("grant_types_supported").contains(&"password") {
        return fail("The password grant is offered.").proof(Proof::Declared).into();
    }
    Outcome::pass()
}
