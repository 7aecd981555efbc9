//! REV-06: Used refresh token accepted.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-06",
    title: "Used refresh token accepted",
    tier: Tier::StateChange,
    severity: Severity::High,
    references: "RFC 9700 2.2.2, 4.14.2 MUST; ASVS 10.4.5; CWE-294",
    why: "A refresh token that works twice works for the thief too.",
    fix: "Rotate refresh tokens, and detect reuse.",
    bad: Example::behaviour("A refresh token that was exchanged is accepted again."),
    good: Example::behaviour("It is refused."),
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
    if flow.kept("refresh_token") == Some(first.as_str()) {
        return flow.proven("The refresh token is not rotated.").into();
    }
    let newest = flow.kept("refresh_token").map(str::to_owned);
    // A short grace for lost responses gives the same successor again; past it the old one must be dead.
    flow.wait(flow.grace());
    flow.keep("refresh_token", first);
    match flow.run("refresh") {
        Done::Success => {}
        Done::Refused(_) => return Outcome::pass(),
        Done::NoAnswer => return Outcome::inconclusive("no answer to the second use"),
    }
    let again = flow.kept("refresh_token").map(str::to_owned);
    if again == newest {
        return Outcome::passed("within the grace time the same successor was given");
    }
    flow.proven("A used refresh token was accepted again.").into()
}
