//! REV-16: Back-channel logout token not validated.

use crate::live::Flow;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-16",
    title: "Back-channel logout token not validated",
    tier: Tier::StateChange,
    severity: Severity::Medium,
    references: "OIDC Back-Channel 2.6; ASVS 10.5.5; CWE-345",
    why: "A logout that anyone can cause is a nuisance; one that is not understood is none.",
    fix: "Accept only a `logout+jwt` that is signed, for you, recent, with `events` and without a nonce.",
    bad: Example::behaviour("A logout token that is not signed, or not typed, is accepted."),
    good: Example::behaviour("Only a proper logout token is accepted."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["logout_token"]) {
        return missing;
    }
    flow.must_refuse("logout_token", "A logout token that must be refused was accepted.")
}
