//! SIG-22: Non-constant-time MAC comparison.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-22",
    title: "Non-constant-time MAC comparison",
    tier: Tier::Passive,
    severity: Severity::Info,
    references: "ASVS 11.2.4; CWE-208",
    why: "A comparison that stops at the first wrong byte tells by its time how much was right.",
    fix: "Compare in constant time.",
    bad: Example::file(
        r"# verify.js
if (mac === expected) accept()",
    ),
    good: Example::file(
        r"# verify.js
if (crypto.timingSafeEqual(mac, expected)) accept()",
    ),
    checks: &[Check::Never(
        "a network hides nanoseconds: no remote measurement of this is honest. Read the code, or use a library that compares in constant time",
    )],
};
