//! JWE-06: Invalid-curve ephemeral key not rejected.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "JWE-06",
    title: "Invalid-curve ephemeral key not rejected",
    tier: Tier::DosProbe,
    severity: Severity::Critical,
    references: "RFC 8725 3.4; CVE-2017-16007; CWE-347",
    why: "A point off the curve makes the shared secret one of a few values, and each answer tells a part of the key.",
    fix: "Check `epk` before it is used.",
    bad: Example::behaviour(
        "A token whose `epk` is off its curve is answered differently from any other undecryptable token.",
    ),
    good: Example::behaviour("`epk` is checked before it is used."),
    checks: &[Check::Never("telling such answers apart is not built yet")],
};
