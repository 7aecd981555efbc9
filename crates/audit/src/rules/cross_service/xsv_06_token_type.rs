//! XSV-06: Token type missing or not enforced.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "XSV-06",
    title: "Token type missing or not enforced",
    tier: Tier::SigningKey,
    severity: Severity::Low,
    references: "8725bis 3.11; RFC 9068 4; CWE-345",
    why: "Without a type an ID token, a logout token or an assertion may be taken for an access token.",
    fix: "Issue and require `typ: at+jwt`.",
    bad: Example::tokens(
        r#"{"alg":"ES256"}
{"sub":"1","scope":"read"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"1","scope":"read"}"#,
    ),
    checks: &[Check::Token(check), Check::Attack(attack)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    match token.header.text("typ") {
        // 8725bis section 3.11
        None => review("The token does not say its type.").severity(Severity::Info).into(),
        Some(typ) if typ.eq_ignore_ascii_case("JWT") && token.kind() == Kind::Access => {
            review("`JWT` does not tell an access token from any other.").severity(Severity::Info).into()
        }
        Some(_) => Outcome::pass(),
    }
}

fn attack(scene: &Scene) -> Plan {
    let typ = scene.valid.header.text("typ").unwrap_or_default().to_ascii_lowercase();
    if !typ.ends_with("at+jwt") {
        return Plan::not_applicable("the valid token is not typed `at+jwt`, so the endpoint can't require it");
    }
    scene.signed(|forge| {
        vec![
            forge.with_header("typ logout+jwt", |header| header.with("typ", "logout+jwt".into())),
            forge.with_header("typ absent", |header| header.without("typ")),
            forge.with_header("typ JWT", |header| header.with("typ", "JWT".into())),
        ]
    })
}
