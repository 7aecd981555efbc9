//! HDR-03: x5u is fetched / trusted.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-03",
    title: "x5u is fetched / trusted",
    tier: Tier::OutOfBand,
    severity: Severity::Critical,
    references: "RFC 8725 3.10; ASVS 9.1.3; CWE-918; CWE-295",
    why: "As with `jku`: the token must not say where its certificate is.",
    fix: "Ignore `x5u`; pin one key set URL for each issuer.",
    bad: Example::behaviour("The server fetches the URL in `x5u`."),
    good: Example::behaviour("Keys come from a pinned URL."),
    checks: &[Check::Never("call-backs to an own listener (--allow oob) are not built yet")],
};
