//! XSV-12: Identity header from the client is believed.

use crate::live::{Attempt, Plan, Scene, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "XSV-12",
    title: "Identity header from the client is believed",
    tier: Tier::Active,
    severity: Severity::High,
    references: "ASVS 4.1.3; CWE-290",
    why: "A header that a proxy sets for the service is believed from whoever sends it, if nobody removes it.",
    fix: "Remove such headers at the edge.",
    bad: Example::behaviour("`X-User-Id: 1` without a token is served."),
    good: Example::behaviour("The header is removed at the edge."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let sub = scene.claims().text("sub").unwrap_or("1").to_owned();
    let names = [
        "X-User-Id",
        "X-User",
        "X-Forwarded-User",
        "X-Remote-User",
        "Remote-User",
        "X-Auth-User",
        "X-Auth-Subject",
        "X-Auth-Request-User",
        "X-Authenticated-User",
        "X-Consumer-Username",
        "X-Forwarded-Email",
        "X-Webauth-User",
    ];
    let attempts = names
        .map(|name| Attempt::new(format!("{name} without a token"), Shot::bare().header(name, &sub), Shot::bare()));
    Plan::of(attempts.into())
}
