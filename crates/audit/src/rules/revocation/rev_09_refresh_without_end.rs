//! REV-09: No absolute or idle limit on refresh.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-09",
    title: "No absolute or idle limit on refresh",
    tier: Tier::StateChange,
    severity: Severity::Medium,
    references: "ASVS 10.4.8, 7.3.1, 7.3.2; NIST: AAL1 30 d; AAL2 24 h / 1 h idle; AAL3 12 h SHALL / 15 min; CWE-613",
    why: "A chain of refreshes without an end is a password that is never asked for again.",
    fix: "Set an absolute and an idle limit.",
    bad: Example::behaviour("A session can be refreshed for years."),
    good: Example::behaviour("It ends after an absolute and an idle time."),
    checks: &[Check::Never("it takes longer than any audit: read the issuer's settings for absolute and idle limits")],
};
