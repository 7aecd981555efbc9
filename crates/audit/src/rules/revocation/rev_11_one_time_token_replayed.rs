//! REV-11: One-time JWT can be replayed.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-11",
    title: "One-time JWT can be replayed",
    tier: Tier::StateChange,
    severity: Severity::High,
    references: "RFC 7523 3; RFC 9449 11.1; ASVS 10.5.5; CWE-294",
    why: "An assertion or proof that works twice works for whoever saw it.",
    fix: "Remember each `jti` until its token has expired.",
    bad: Example::behaviour("The same client assertion is accepted twice."),
    good: Example::behaviour("It is refused the second time."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["replay"]) {
        return missing;
    }
    if flow.run("replay") != Done::Success {
        return Outcome::inconclusive("the step replay failed the first time");
    }
    flow.must_refuse("replay", "A token that is good once was accepted twice.")
}
