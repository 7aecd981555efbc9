//! REV-07: Reuse does not revoke the family.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-07",
    title: "Reuse does not revoke the family",
    tier: Tier::StateChange,
    severity: Severity::High,
    references: "RFC 9700 4.14.2; ASVS 10.4.5; CWE-613",
    why: "Reuse means that somebody else has the token: nobody knows who, so both must be out.",
    fix: "Revoke the whole family when an old token comes back.",
    bad: Example::behaviour("After the reuse of an old refresh token the newest one works."),
    good: Example::behaviour("The whole family is revoked."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["login", "refresh"]) {
        return missing;
    }
    if flow.run("login") != Done::Success {
        return Outcome::inconclusive("the login failed");
    }
    let Some(first) = flow.kept("refresh_token").map(str::to_owned) else {
        return Outcome::not_tested("the step login keeps no refresh_token");
    };
    if flow.run("refresh") != Done::Success {
        return Outcome::inconclusive("the refresh failed");
    }
    let newest = flow.kept("refresh_token").map(str::to_owned).unwrap_or_default();
    if newest == first {
        return Outcome::Subsumed("REV-06");
    }
    flow.wait(flow.grace());
    flow.keep("refresh_token", first);
    if flow.run("refresh") == Done::Success {
        return Outcome::inconclusive("the old refresh token was accepted: see REV-06");
    }
    flow.keep("refresh_token", newest);
    flow.must_refuse("refresh", "After the reuse of an old refresh token the newest one still works.")
}
