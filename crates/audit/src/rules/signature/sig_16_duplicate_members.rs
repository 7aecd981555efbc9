//! SIG-16: Duplicate JSON member names.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-16",
    title: "Duplicate JSON member names",
    tier: Tier::Active,
    severity: Severity::High,
    references: "RFC 7515 4; RFC 7519 4; CWE-436",
    why: "Two readers of one token that take different values for one name disagree about who the user is.",
    fix: "Refuse repeated names in header and claims.",
    bad: Example::tokens(
        r#"{"alg":"ES256"}
{"sub":"alice","sub":"admin"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256"}
{"sub":"alice","act":{"sub":"admin"}}"#,
    ),
    checks: &[Check::Token(check), Check::Attack(attack)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    // RFC 7515 section 4 and RFC 7519 section 4: names must be unique.
    let repeated = token.header.repeated_member().or_else(|| token.claims.repeated_member());
    repeated.map_or_else(Outcome::pass, |name| {
        fail(format!("The member `{name}` occurs twice in the token.")).at(token.place.path(name)).into()
    })
}

/// Signed by the operator's key, with a name twice. RFC 7519 section 4 permits to take the last value, so only a reader
/// that takes the first one is wrong; that repetitions pass at all is worth knowing where two readers see one token.
fn attack(scene: &Scene) -> Plan {
    scene.signed(|forge| {
        vec![
            forge.raw_claims("exp twice, the last one long past", |claims| {
                claims.trim_end_matches('}').to_owned() + ",\"exp\":1}"
            }),
            forge
                .raw_claims("sub twice", |claims| claims.replacen('{', "{\"sub\":\"probity-first\",", 1))
                .as_severe_as(Severity::Low),
        ]
    })
}
