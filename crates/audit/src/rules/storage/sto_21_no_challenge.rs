//! STO-21: 401 without WWW-Authenticate.

use crate::live::{Prober, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-21",
    title: "401 without WWW-Authenticate",
    tier: Tier::Active,
    severity: Severity::Info,
    references: "RFC 6750 3 MUST; info",
    why: "RFC 6750 requires the header; clients learn from it what to do.",
    fix: "Send `WWW-Authenticate: Bearer` with 401.",
    bad: Example::behaviour("401 without `WWW-Authenticate`."),
    good: Example::behaviour("401 with `WWW-Authenticate: Bearer`."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let answer = prober.send("no token", &Shot::bare());
    match (answer.status, answer.header("www-authenticate")) {
        (401, Some(challenge)) => Outcome::passed(challenge),
        (401, None) => fail("401 comes without WWW-Authenticate.").proof(Proof::ProvenLive).into(),
        (status, _) => Outcome::not_applicable(format!("a request without a token is answered with {status}")),
    }
}
