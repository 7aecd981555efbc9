//! JWE-07: Tag not verified or short tag accepted.

use crate::live::{Attempt, Plan, Scene, Shot, flip};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "JWE-07",
    title: "Tag not verified or short tag accepted",
    tier: Tier::SigningKey,
    severity: Severity::High,
    references: "RFC 7518 5.2.2.2, 5.3; ASVS 11.2.5; CWE-354. NOTE: AxxxCBC-HSxxx is authenticated encryption: its mere use is NOT a finding",
    why: "Without its tag an encrypted token can be changed by whoever carries it.",
    fix: "Require the whole tag, and answer every failure alike.",
    bad: Example::behaviour("A token with a shortened or broken tag is accepted."),
    good: Example::behaviour("It is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    if !scene.valid.encrypted {
        return Plan::not_applicable("the endpoint's tokens are not encrypted");
    }
    let Some((rest, tag)) = scene.valid.text.rsplit_once('.') else {
        return Plan::not_applicable("no tag");
    };
    let tag = base64url(tag).unwrap_or_default();
    let with = |tag: &[u8]| format!("{rest}.{}", to_base64url(tag));
    let attempt =
        |what: &str, tag: &[u8]| Attempt { twin: None, ..Attempt::new(what, Shot::token(with(tag)), Shot::bare()) };
    let mut attempts = vec![
        attempt("a bit of the tag flipped", &flip(&tag)),
        attempt("a tag of zeros", &vec![0; tag.len()]),
        attempt("an empty tag", b""),
    ];
    for length in [1, 4, 8, 12] {
        if let Some(short) = tag.get(..length) {
            attempts.push(attempt(&format!("the first {length} bytes of the tag"), short));
        }
    }
    Plan::of(attempts)
}
