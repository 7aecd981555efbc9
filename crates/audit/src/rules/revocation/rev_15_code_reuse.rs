//! REV-15: Code reuse does not revoke tokens.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-15",
    title: "Code reuse does not revoke tokens",
    tier: Tier::StateChange,
    severity: Severity::Medium,
    references: "RFC 6749 4.1.2; ASVS 10.4.2; CWE-294",
    why: "A code that comes twice was stolen: by whom nobody knows, so its tokens must die.",
    fix: "Revoke the tokens of a code that comes twice.",
    bad: Example::behaviour("After the code is redeemed twice the tokens work."),
    good: Example::behaviour("They are revoked."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["redeem", "use"]) {
        return missing;
    }
    if flow.run("redeem") != Done::Success || flow.run("use") != Done::Success {
        return Outcome::inconclusive("the code could not be redeemed, or its token not used");
    }
    let token = flow.kept("access_token").map(str::to_owned);
    if flow.run("redeem") == Done::Success {
        return flow.proven("An authorization code was redeemed twice.").into();
    }
    if let Some(token) = token {
        flow.keep("access_token", token);
    }
    flow.still_works("The tokens of a code that was redeemed twice still work")
}
