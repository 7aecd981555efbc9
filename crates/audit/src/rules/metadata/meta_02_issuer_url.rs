//! META-02: issuer not https, or has query/fragment.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-02",
    title: "issuer not https, or has query/fragment",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 8414 2; CWE-319",
    why: "An issuer that is no plain https URL can't be compared reliably, or not be trusted.",
    fix: "Use a plain https URL as issuer.",
    bad: Example::metadata(r#"{"issuer":"http://issuer.example"}"#),
    good: Example::metadata(r#"{"issuer":"https://issuer.example"}"#),
    checks: &[Check::Metadata(check)],
};

fn check(document: &Metadata, _: &Setting<'_>) -> Outcome {
    if !document.is_issuer() {
        return Outcome::not_applicable("not the metadata of an issuer");
    }

    let Some(issuer) = document.issuer() else {
        return fail("There is no `issuer`.").into();
    };
    // RFC 8414 section 2
    let local = crate::evidence::is_local(issuer);
    if !issuer.starts_with("https://") && !local {
        return fail("The issuer is no https URL.").fact("issuer", issuer).into();
    }
    if issuer.contains(['?', '#']) {
        return fail("The issuer has a query or a fragment.").fact("issuer", issuer).into();
    }
    Outcome::pass()
}
