//! HDR-09: kid command injection.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-09",
    title: "kid command injection",
    tier: Tier::OutOfBand,
    severity: Severity::Critical,
    references: "RFC 8725 3.10; WSTG-SESS-10; CWE-78",
    why: "A `kid` that reaches a shell is a shell for everyone.",
    fix: "Never pass `kid` to a shell.",
    bad: Example::behaviour("A `kid` with a command makes the server call back."),
    good: Example::behaviour("`kid` is looked up in a map."),
    checks: &[Check::Never("call-backs to an own listener (--allow oob) are not built yet")],
};
