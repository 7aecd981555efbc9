//! REV-10: Revocation latency.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-10",
    title: "Revocation latency",
    tier: Tier::StateChange,
    severity: Severity::Info,
    references: "ASVS 7.4.1; measured number, no verdict of its own",
    why: "The time until everyone knows is the time that a thief has.",
    fix: "Push revocations, and keep caches short.",
    bad: Example::behaviour("A revoked token works for a minute."),
    good: Example::behaviour("It is refused within milliseconds."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["login", "use", "revoke"]) {
        return missing;
    }
    if flow.run("login") != Done::Success || flow.run("use") != Done::Success {
        return Outcome::inconclusive("the login, or the use after it, failed");
    }
    if flow.run("revoke") != Done::Success {
        return Outcome::inconclusive("the step revoke failed");
    }
    match flow.seconds_until_refused() {
        Ok(Some(seconds)) => Outcome::passed(format!("refused {seconds} s after the revocation was answered")),
        Ok(None) => review("The token was not refused in the time that was waited.").proof(Proof::ProvenLive).into(),
        Err(outcome) => outcome,
    }
}
