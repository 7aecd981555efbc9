//! CLM-05: Ill-typed exp accepted.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-05",
    title: "Ill-typed exp accepted",
    tier: Tier::SigningKey,
    severity: Severity::High,
    references: "RFC 7519 4.1.4 (MUST be a number); CWE-20",
    why: "A verifier that can't read a time and goes on treats the token as one that never expires.",
    fix: "Refuse a token whose `exp` is no number.",
    bad: Example::behaviour("A validly signed token whose `exp` is `null` or a text is accepted."),
    good: Example::behaviour("A token whose `exp` is no number is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let past = scene.now() - 3_600;
    scene.signed(|forge| {
        let mut attempts = vec![
            forge.claim("exp null", "exp", Json::Null),
            forge.claim("exp a text in the past", "exp", past.to_string().as_str().into()),
            forge.claim("exp a word", "exp", "never".into()),
            forge.claim("exp negative", "exp", (-1).into()),
            forge.claim("exp 1e308", "exp", Json::Number("1e308".to_owned())).as_severe_as(Severity::Low),
            forge.claim("exp a list", "exp", Json::Array(vec![past.into()])),
            forge.claim("exp an object", "exp", Json::Object(Vec::new())),
            forge.claim("exp true", "exp", Json::Bool(true)),
        ];
        // In the future and well formed for a lenient reader: taking it is untidy, not dangerous.
        attempts.push(
            forge
                .claim("exp a text in the future", "exp", (scene.now() + 3_600).to_string().as_str().into())
                .as_severe_as(Severity::Low),
        );
        attempts
    })
}
