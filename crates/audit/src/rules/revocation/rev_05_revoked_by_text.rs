//! REV-05: Revocation bypass through malleability.

use crate::live::{Done, Flow};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-05",
    title: "Revocation bypass through malleability",
    tier: Tier::StateChange,
    severity: Severity::High,
    references: "OWASP JWT cheat sheet; CWE-613; CWE-436",
    why: "A deny list of texts refuses one text of a token, and a token has several.",
    fix: "Revoke by issuer and `jti`, and decode strictly.",
    bad: Example::behaviour("A revoked token works again with `=` behind it."),
    good: Example::behaviour("Revocation names issuer and `jti`."),
    checks: &[Check::Flow(flow)],
};

fn flow(flow: &mut Flow) -> Outcome {
    if let Some(missing) = flow.lacks(&["login", "use", "revoke"]) {
        return missing;
    }
    if flow.run("login") != Done::Success || flow.run("use") != Done::Success {
        return Outcome::inconclusive("the login, or the use after it, failed");
    }
    let Some(token) = flow.kept("access_token").map(str::to_owned) else {
        return Outcome::not_tested("the step login keeps no access_token");
    };
    if flow.run("revoke") != Done::Success {
        return Outcome::inconclusive("the step revoke failed");
    }
    if flow.run("use") == Done::Success {
        return Outcome::Subsumed("REV-02");
    }
    let mut accepted = Vec::new();
    for (what, text) in [
        ("`=` behind it", format!("{token}=")),
        ("a space in front", format!(" {token}")),
        ("a dot behind it", format!("{token}.")),
    ] {
        flow.keep("access_token", text);
        if flow.run("use") == Done::Success {
            accepted.push(what);
        }
    }
    if accepted.is_empty() {
        return Outcome::passed("other texts of the revoked token are refused too");
    }
    flow.proven(format!("The revoked token works again with {}.", accepted.join(", "))).into()
}
