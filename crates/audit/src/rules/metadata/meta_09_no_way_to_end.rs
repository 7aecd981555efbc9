//! META-09: No revocation / introspection / logout endpoint.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-09",
    title: "No revocation / introspection / logout endpoint",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "RFC 7009; RFC 7662; OIDC logout; ASVS 10.4.9",
    why: "Without revocation, introspection or logout nobody can end a session that was stolen.",
    fix: "Add an endpoint for revocation, introspection or logout.",
    bad: Example::metadata(r#"{"issuer":"https://issuer.example","token_endpoint":"https://issuer.example/token"}"#),
    good: Example::metadata(
        r#"{"issuer":"https://issuer.example","token_endpoint":"https://issuer.example/token","revocation_endpoint":"https://issuer.example/revoke"}"#,
    ),
    checks: &[Check::Metadata(check)],
};

fn check(document: &Metadata, _: &Setting<'_>) -> Outcome {
    if !document.is_issuer() {
        return Outcome::not_applicable("not the metadata of an issuer");
    }

    let names = ["revocation_endpoint", "introspection_endpoint", "end_session_endpoint"];
    let missing: Vec<&str> = names.into_iter().filter(|name| document.json.get(name).is_none()).collect();
    match missing.len() {
        0 => Outcome::pass(),
        3 => fail("There is no endpoint for revocation, introspection or logout.").proof(Proof::Declared).into(),
        _ => Outcome::passed(format!("without {}", missing.join(", "))),
    }
}
