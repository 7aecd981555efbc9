//! KM-14: JWKS outage opens the gate or kills the service.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-14",
    title: "JWKS outage opens the gate or kills the service",
    tier: Tier::StateChange,
    severity: Severity::High,
    references: "ASVS 16.5.2; CWE-636",
    why: "An issuer that can't be reached must neither open nor close every door.",
    fix: "Serve on with known keys for a bounded time, and never accept what can't be verified.",
    bad: Example::behaviour("With the key set gone, good tokens are refused or forged ones accepted."),
    good: Example::behaviour("Known keys serve on within a bound."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["login", "use", "break_keys", "mend_keys"]) {
        return missing;
    }
    if flow.run("login") != Done::Success || flow.run("use") != Done::Success {
        return Outcome::inconclusive("the login, or the use after it, failed");
    }
    if flow.run("break_keys") != Done::Success {
        return Outcome::inconclusive("the step break_keys failed");
    }
    let good = flow.run("use");
    flow.keep("access_token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwcm9iaXR5In0.");
    let forged = flow.run("use");
    flow.run("mend_keys");
    match (good, forged) {
        (_, Done::Success) => flow.proven("Without its key set the service accepts a forged token.").into(),
        (Done::Success, _) => Outcome::passed("known keys serve on"),
        _ => flow
            .proven("Without its key set the service refuses good tokens at once.")
            .severity(Severity::Medium)
            .into(),
    }
}
