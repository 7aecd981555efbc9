//! STO-08: Cookie authentication without CSRF defence.

use crate::live::{Attempt, Carried, Plan, Scene, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-08",
    title: "Cookie authentication without CSRF defence",
    tier: Tier::Active,
    severity: Severity::High,
    references: "ASVS 3.5.1-3.5.3; NIST 5.1 SHALL; CWE-352",
    why: "A browser sends cookies with every request, also with those that another site makes it send.",
    fix: "Set SameSite on the cookie, and check Origin or Sec-Fetch-Site on every request that changes something.",
    bad: Example::behaviour(
        "A request with the cookie, `Origin: https://attacker.invalid` and a form's content type is served.",
    ),
    good: Example::behaviour("The same request is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let Some(Carried::Cookie(_)) = scene.carrier() else {
        return Plan::not_applicable("the token is not in a cookie");
    };
    if !scene.changes_state() {
        return Plan::not_tested("give a request that changes something, and that may be repeated: --request FILE");
    }
    let cross_site = |shot: Shot| {
        shot.header("Origin", "https://attacker.invalid")
            .header("Sec-Fetch-Site", "cross-site")
            .header("Content-Type", "text/plain")
    };
    let valid = cross_site(Shot::token(scene.valid.text.as_str()));
    Plan::of(vec![Attempt::new("a request that another site makes the browser send", valid, cross_site(Shot::bare()))])
}
