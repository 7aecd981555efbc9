//! XSV-01: ID token accepted as access token.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "XSV-01",
    title: "ID token accepted as access token",
    tier: Tier::Active,
    severity: Severity::High,
    references: "RFC 8725 3.11, 3.12; RFC 9068 4; ASVS 9.2.2; CWE-345",
    why: "An ID token is for the client. Whoever gets one would get the API with it.",
    fix: "Require the type, the audience and the scope of an access token.",
    bad: Example::behaviour("The API accepts an ID token."),
    good: Example::behaviour("It requires the type, audience and scope of an access token."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    scene.must_refuse(&[("id", "an ID token")])
}
