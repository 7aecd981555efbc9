//! STO-19: Several carriers accepted in one request.

use crate::live::{Attempt, Carried, Plan, Scene, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-19",
    title: "Several carriers accepted in one request",
    tier: Tier::Active,
    severity: Severity::Low,
    references: "RFC 6750 2 MUST NOT; CWE-436",
    why: "When a gateway reads one token and the service another, each approves what the other uses.",
    fix: "Accept exactly one token for a request.",
    bad: Example::behaviour("A request with a good token in the query and a broken one in the header is served."),
    good: Example::behaviour("A request with two tokens is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let Some(own) = scene.carrier().cloned() else {
        return Plan::not_applicable("no carrier");
    };
    let query = Carried::Query("access_token".to_owned());
    if own == query {
        return Plan::not_applicable("the token is in the query already");
    }
    // RFC 6750 section 2: clients must not use more than one method.
    let both =
        |first: &str, second: &str| Shot { also: Some((query.clone(), second.to_owned())), ..Shot::token(first) };
    let (valid, broken) = (scene.valid.text.clone(), scene.broken_token());
    // The other way round says nothing: a service may well never look at the query.
    Plan::of(vec![Attempt::new(
        "a broken token in its place and a good one in the query",
        both(&broken, &valid),
        both(&broken, &broken),
    )])
}
