//! REV-04: Token survives account disable.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-04",
    title: "Token survives account disable",
    tier: Tier::StateChange,
    severity: Severity::High,
    references: "ASVS 7.4.2 (L1); CWE-613",
    why: "An account that is disabled must be out at once.",
    fix: "Set a watermark for the user that every resource server enforces.",
    bad: Example::behaviour("The token works after the account was disabled."),
    good: Example::behaviour("It is refused."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["login", "use", "disable"]) {
        return missing;
    }
    if flow.run("login") != Done::Success || flow.run("use") != Done::Success {
        return Outcome::inconclusive("the login, or the use after it, failed");
    }
    if flow.run("disable") != Done::Success {
        return Outcome::inconclusive("the step disable failed");
    }
    let outcome = flow.still_works("The token still works after the account was disabled");
    flow.run("enable");
    outcome
}
