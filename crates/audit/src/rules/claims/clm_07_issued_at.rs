//! CLM-07: iat missing or in the future.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-07",
    title: "iat missing or in the future",
    tier: Tier::SigningKey,
    severity: Severity::Low,
    references: "RFC 7519 4.1.6; RFC 9068 2.2; CWE-613",
    why: "Without `iat` nobody can tell how old a token is, and a watermark that revokes everything before a moment can't be applied.",
    fix: "Set `iat`, and refuse tokens from the future.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"alice","exp":1700000300}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"alice","iat":1700000000,"exp":1700000300}"#,
    ),
    checks: &[Check::Token(check), Check::Attack(attack)],
};

fn check(token: &Token, setting: &Setting<'_>) -> Outcome {
    if token.encrypted {
        return Outcome::not_tested("the claims are encrypted");
    }
    match token.time("iat") {
        Some(iat) if iat > setting.now + 300 => {
            fail("`iat` is in the future.").fact("iat", iat.to_string()).fact("now", setting.now.to_string()).into()
        }
        Some(_) => Outcome::pass(),
        None if token.kind() == Kind::Access => fail("The token has no `iat`: its age can't be known.").into(),
        None => Outcome::not_applicable("no `iat`, and this kind of token needs none"),
    }
}

fn attack(scene: &Scene) -> Plan {
    scene.signed(|forge| vec![forge.claim("iat a day in the future", "iat", (scene.now() + 86_400).into())])
}
