//! SIG-10: Truncated or over-long MAC/signature accepted.

use crate::live::{Attempt, Plan, Scene, flip};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-10",
    title: "Truncated or over-long MAC/signature accepted",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "RFC 7515 5.2; CWE-347",
    why: "A verifier that compares only as many bytes as it was given accepts one byte, which is guessed in 256 tries.",
    fix: "Require the exact length, and compare in constant time.",
    bad: Example::behaviour("A token with the first eight bytes of its MAC is accepted."),
    good: Example::behaviour("A signature of another length is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    if scene.valid.encrypted {
        return Plan::not_applicable("the endpoint's tokens are encrypted: see JWE-07");
    }
    let (input, signature) = (scene.valid.signing_input(), scene.valid.signature());
    let mut attempts = Vec::new();
    for length in [1, 8, 16, signature.len().saturating_sub(1)] {
        let Some(short) = signature.get(..length).filter(|short| !short.is_empty() && short.len() < signature.len())
        else {
            continue;
        };
        attempts.push(Attempt::forgery(
            format!("the first {length} bytes of the signature"),
            format!("{input}.{}", to_base64url(short)),
            format!("{input}.{}", to_base64url(&flip(short))),
        ));
    }
    let long = [signature.as_slice(), &[0]].concat();
    let twin = format!("{input}.{}", to_base64url(&[flip(&signature), vec![0]].concat()));
    // Bytes behind a good signature open nothing by themselves.
    attempts.push(
        Attempt::new(
            "a byte more than the signature",
            crate::live::Shot::token(format!("{input}.{}", to_base64url(&long))),
            crate::live::Shot::token(twin),
        )
        .as_severe_as(Severity::Low),
    );
    Plan::of(attempts)
}
