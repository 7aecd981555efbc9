//! DOS-02: Decompression bomb.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "DOS-02",
    title: "Decompression bomb",
    tier: Tier::DosProbe,
    severity: Severity::High,
    references: "8725bis 2.12/3.15 (new); CVE-2024-28102; CVE-2024-33664; CWE-409",
    why: "A small token can become a large one when it is unpacked.",
    fix: "Stop unpacking at about 250 kB.",
    bad: Example::behaviour("A token with `zip: DEF` that unpacks to 10 MB takes long."),
    good: Example::behaviour("Unpacking stops at about 250 kB."),
    checks: &[Check::Never("it takes a key that the server decrypts with: not built yet")],
};
