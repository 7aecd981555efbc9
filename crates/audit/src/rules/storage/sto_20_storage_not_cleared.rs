//! STO-20: Client storage not cleared at logout.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-20",
    title: "Client storage not cleared at logout",
    tier: Tier::StateChange,
    severity: Severity::Low,
    references: "ASVS 14.3.1; NIST 5.1 SHOULD; CWE-613",
    why: "What stays in the browser after a logout is there for the next person at it.",
    fix: "Send `Clear-Site-Data` with the logout, and delete the cookie.",
    bad: Example::behaviour("The logout's response neither clears the cookie nor sends `Clear-Site-Data`."),
    good: Example::behaviour(r#"The logout's response sends `Clear-Site-Data: "cookies", "storage"`."#),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["login", "logout"]) {
        return missing;
    }
    if flow.run("login") != Done::Success {
        return Outcome::inconclusive("the login failed");
    }
    if flow.run("logout") != Done::Success {
        return Outcome::inconclusive("the logout failed");
    }
    if flow.last_clears_storage() {
        return Outcome::pass();
    }
    fail("The logout leaves what the browser stored.").proof(Proof::ProvenLive).into()
}
