//! SIG-01: Signature is not verified.

use crate::live::{Attempt, Plan, Scene, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-01",
    title: "Signature is not verified",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "RFC 8725 3.3; RFC 7515 5.2; ASVS 9.1.1; API2:2023; WSTG-SESS-10; CWE-347",
    why: "Without a signature check a token is a form that anyone fills in: any user, any role.",
    fix: "Verify the signature before anything is read from the claims; never use a decode() in the path of a request.",
    bad: Example::behaviour(
        "A token with a changed claim and the old signature, or with one bit of the signature flipped, is accepted.",
    ),
    good: Example::behaviour("Both are refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    if scene.valid.encrypted {
        return Plan::not_applicable("the endpoint's tokens are encrypted: see JWE-07");
    }
    let forge = scene.forge();
    let old = scene.valid.part(2);
    let changed = format!("{}.{old}", forge.input(&scene.valid.header, &forge.claims_json()));
    let subject = format!(
        "{}.{old}",
        forge.input(&scene.valid.header, &scene.claims().with("sub", "probity-audit-canary".into()))
    );
    // Here the attempts are each other's proof: none has a valid signature, and no twin could be refused.
    let attempt =
        |what: &str, token: String| Attempt { twin: None, ..Attempt::new(what, Shot::token(token), Shot::bare()) };
    Plan::of(vec![
        attempt("a claim added, the signature unchanged", changed),
        attempt("one bit in the middle of the signature flipped", scene.broken_token()),
        attempt("another subject, the signature unchanged", subject),
    ])
}
