//! REV-12: Fails open when the revocation store is down.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-12",
    title: "Fails open when the revocation store is down",
    tier: Tier::StateChange,
    severity: Severity::High,
    references: "ASVS 16.5.2, 16.5.3; CWE-636",
    why: "Who can stop the store of revocations makes every revocation void.",
    fix: "Refuse when revocations can't be known, or serve on for a documented grace only.",
    bad: Example::behaviour("With the store stopped a revoked token works."),
    good: Example::behaviour("Requests are refused with 503."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["login", "use", "revoke", "break_store", "mend_store"]) {
        return missing;
    }
    if flow.run("login") != Done::Success || flow.run("use") != Done::Success {
        return Outcome::inconclusive("the login, or the use after it, failed");
    }
    if flow.run("revoke") != Done::Success || flow.run("break_store") != Done::Success {
        return Outcome::inconclusive("a step failed");
    }
    let outcome = flow.must_refuse("use", "With the store of revocations out of reach a revoked token works.");
    flow.run("mend_store");
    outcome
}
