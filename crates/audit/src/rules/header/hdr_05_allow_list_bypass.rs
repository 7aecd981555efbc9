//! HDR-05: jku/x5u allow list can be bypassed.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-05",
    title: "jku/x5u allow list can be bypassed",
    tier: Tier::OutOfBand,
    severity: Severity::Critical,
    references: "8725bis 3.10; ASVS 9.1.3, 13.2.4; CWE-918",
    why: "A comparison of URLs by their beginning is passed by `https://good.example@evil.example`.",
    fix: "Compare URLs whole, and follow no redirects.",
    bad: Example::behaviour("`jku` with the allowed host as user information is fetched."),
    good: Example::behaviour("URLs are compared whole."),
    checks: &[Check::Never("call-backs to an own listener (--allow oob) are not built yet")],
};
