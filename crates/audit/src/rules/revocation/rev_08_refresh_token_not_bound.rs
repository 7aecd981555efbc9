//! REV-08: Refresh token not bound to its client.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-08",
    title: "Refresh token not bound to its client",
    tier: Tier::StateChange,
    severity: Severity::High,
    references: "RFC 6749 10.4; RFC 9700 4.14.2; CWE-863",
    why: "A refresh token that any client can use is worth stealing from any of them.",
    fix: "Bind the refresh token to its client.",
    bad: Example::behaviour("A second client can use the refresh token."),
    good: Example::behaviour("It is refused."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["login", "refresh_other_client"]) {
        return missing;
    }
    if flow.run("login") != Done::Success {
        return Outcome::inconclusive("the login failed");
    }
    flow.must_refuse("refresh_other_client", "Another client could use the refresh token.")
}
