//! REV-01: Token works after logout.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-01",
    title: "Token works after logout",
    tier: Tier::StateChange,
    severity: Severity::High,
    references: "ASVS 7.4.1 (L1); NIST 5.1; WSTG-SESS-06; CWE-613",
    why: "A logout that does not end the token only hides the button.",
    fix: "End the token: by a deny list, a watermark for the user, or reference tokens.",
    bad: Example::behaviour("The token works after the logout."),
    good: Example::behaviour("It is refused at once."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["login", "use", "logout"]) {
        return missing;
    }
    if flow.run("login") != Done::Success || flow.run("use") != Done::Success {
        return Outcome::inconclusive("the login, or the use after it, failed");
    }
    if flow.run("logout") != Done::Success {
        return Outcome::inconclusive("the step logout failed");
    }
    flow.still_works("The token still works after the logout")
}
