//! REV-03: Token survives a password or factor change.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-03",
    title: "Token survives a password or factor change",
    tier: Tier::StateChange,
    severity: Severity::Medium,
    references: "ASVS 7.4.3; RFC 9700 4.14.2; CWE-613",
    why: "Who changes a password because of a thief wants the thief out.",
    fix: "End the user's other sessions, or offer it.",
    bad: Example::behaviour("The token works after the password was changed."),
    good: Example::behaviour("Sessions are ended, or the user is asked."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["login", "use", "change_password"]) {
        return missing;
    }
    if flow.run("login") != Done::Success || flow.run("use") != Done::Success {
        return Outcome::inconclusive("the login, or the use after it, failed");
    }
    if flow.run("change_password") != Done::Success {
        return Outcome::inconclusive("the step change_password failed");
    }
    flow.still_works("The token still works after the password was changed")
}
