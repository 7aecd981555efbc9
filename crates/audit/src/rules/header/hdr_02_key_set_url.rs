//! HDR-02: jku is fetched / trusted.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-02",
    title: "jku is fetched / trusted",
    tier: Tier::OutOfBand,
    severity: Severity::Critical,
    references: "RFC 8725 3.10; 8725bis 3.10; ASVS 9.1.3; CWE-918; CWE-347",
    why: "A verifier that fetches keys from where the token says lets the token choose, and can be sent anywhere.",
    fix: "Ignore `jku`; pin one key set URL for each issuer.",
    bad: Example::behaviour("The server fetches the URL in `jku`."),
    good: Example::behaviour("Keys come from a pinned URL."),
    checks: &[Check::Never("call-backs to an own listener (--allow oob) are not built yet")],
};
