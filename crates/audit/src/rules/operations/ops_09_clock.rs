//! OPS-09: Clock wrong.

use crate::live::{Prober, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "OPS-09",
    title: "Clock wrong",
    tier: Tier::Active,
    severity: Severity::Low,
    references: "ASVS 16.2.2; CWE-613",
    why: "A clock that is wrong lengthens the life of every token, or ends it early.",
    fix: "Set the clock by NTP.",
    bad: Example::behaviour("The `Date` header is ten minutes off."),
    good: Example::behaviour("The clock is right."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let answer = prober.send("no token", &Shot::bare());
    let Some(date) = answer.header("date").and_then(seconds_of_http_date) else {
        return Outcome::not_applicable("no Date header");
    };
    let offset = date - prober.wall_clock();
    if offset.abs() <= 60 {
        return Outcome::passed(format!("{offset} s off"));
    }
    fail(format!("The server's clock is {offset} s off ours.")).proof(Proof::ProvenLive).into()
}
