//! HDR-08: kid SQL injection.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-08",
    title: "kid SQL injection",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "RFC 8725 3.10 (MUST: SQL; LDAP); WSTG-SESS-10; CWE-89",
    why: "A `kid` that reaches SQL lets the attacker choose the key that the query gives.",
    fix: "Look `kid` up in a map, or give it to the query as a parameter.",
    bad: Example::behaviour("`kid: x' UNION SELECT 'secret' -- ` with a token signed by `secret` is accepted."),
    good: Example::behaviour("The look-up takes parameters."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let forge = scene.forge();
    let kids = [
        "x' UNION SELECT 'probity' -- ",
        "x' UNION SELECT 'probity';-- ",
        "x\" UNION SELECT 'probity' -- ",
        "0 UNION SELECT 'probity' -- ",
        "x' UNION ALL SELECT 'probity' FROM dual -- ",
        "x' UNION SELECT NULL,'probity' -- ",
        "x' UNION SELECT 'probity','probity' -- ",
    ];
    Plan::of(
        kids.into_iter()
            .map(|kid| forge.hmac(&format!("kid {kid}"), &forge.header("HS256").with("kid", kid.into()), b"probity"))
            .collect(),
    )
}
