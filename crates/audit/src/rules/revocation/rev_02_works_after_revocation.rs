//! REV-02: Token works after RFC 7009 revocation.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-02",
    title: "Token works after RFC 7009 revocation",
    tier: Tier::StateChange,
    severity: Severity::High,
    references: "RFC 7009 2.1; ASVS 10.4.9; CWE-613",
    why: "RFC 7009 promises that a revoked token is worth nothing.",
    fix: "Make every resource server learn of revocations.",
    bad: Example::behaviour("The token works after its revocation."),
    good: Example::behaviour("It is refused."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["login", "use", "revoke"]) {
        return missing;
    }
    if flow.run("login") != Done::Success || flow.run("use") != Done::Success {
        return Outcome::inconclusive("the login, or the use after it, failed");
    }
    if flow.run("revoke") != Done::Success {
        return Outcome::inconclusive("the step revoke failed");
    }
    flow.still_works("The token still works after its revocation")
}
