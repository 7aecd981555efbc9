//! STO-10: Endpoint accepts the token in the query string.

use crate::live::{Attempt, Carried, Plan, Scene, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-10",
    title: "Endpoint accepts the token in the query string",
    tier: Tier::Active,
    severity: Severity::Medium,
    references: "RFC 9700 4.3.2 (clients MUST NOT); RFC 6750 2.3; CWE-598",
    why: "What an endpoint takes from the query, clients will put there, and logs will keep.",
    fix: "Ignore tokens in the query.",
    bad: Example::behaviour("`GET /me?access_token=TOKEN` without a header is served."),
    good: Example::behaviour("A token in the query is ignored."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    if matches!(scene.carrier(), Some(Carried::Query(_))) {
        return Plan::not_applicable("the token is in the query by design of the request; see STO-09");
    }
    let names = ["access_token", "token", "jwt", "auth", "bearer"];
    let attempts = names.map(|name| {
        let query = Carried::Query(name.to_owned());
        Attempt::new(
            format!("the token as ?{name}="),
            Shot::token(scene.valid.text.as_str()).carried(query.clone()),
            Shot::token(scene.broken_token()).carried(query),
        )
    });
    Plan::of(attempts.into())
}
