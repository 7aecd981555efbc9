//! DOS-06: Unknown kid triggers a fetch each time.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "DOS-06",
    title: "Unknown kid triggers a fetch each time",
    tier: Tier::StateChange,
    severity: Severity::High,
    references: "RFC 8725 3.10; CWE-400",
    why: "A verifier that fetches keys for every unknown name can be made to overload the issuer.",
    fix: "Remember unknown names for a while, and limit fetches.",
    bad: Example::behaviour("A hundred tokens with random `kid` cause a hundred fetches."),
    good: Example::behaviour("Unknown names are remembered, and fetches limited."),
    checks: &[Check::Never(
        "it takes the count of requests at the operator's own key set: count them there during an active audit",
    )],
};
