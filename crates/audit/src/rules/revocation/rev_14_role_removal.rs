//! REV-14: Role removal has no effect.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-14",
    title: "Role removal has no effect",
    tier: Tier::StateChange,
    severity: Severity::Medium,
    references: "ASVS 8.3.2; CWE-863",
    why: "Rights that were taken away must end before the token does.",
    fix: "Let tokens live for minutes, or look rights up.",
    bad: Example::behaviour("The token opens what the removed role opened."),
    good: Example::behaviour("It is refused."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["login", "use", "remove_role"]) {
        return missing;
    }
    if flow.run("login") != Done::Success || flow.run("use") != Done::Success {
        return Outcome::inconclusive("the login, or the use after it, failed");
    }
    if flow.run("remove_role") != Done::Success {
        return Outcome::inconclusive("the step remove_role failed");
    }
    flow.still_works("The token still opens what the removed role opened")
}
