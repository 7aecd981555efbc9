//! OPS-10: Authentication failures are not logged.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "OPS-10",
    title: "Authentication failures are not logged",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "ASVS 16.3.1, 16.3.2; CWE-778",
    why: "An attack that tries a thousand tokens should be seen by somebody.",
    fix: "Log every refused token with its reason, never with the token.",
    bad: Example::file(
        r"# README
nothing is logged",
    ),
    good: Example::file(
        r"# README
refusals are logged",
    ),
    checks: &[Check::Never(
        "no request shows what is logged: look for refused tokens in your own logs after an active audit",
    )],
};
