//! STO-15: CORS reflects any origin with credentials.

use crate::live::{Prober, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-15",
    title: "CORS reflects any origin with credentials",
    tier: Tier::Active,
    severity: Severity::High,
    references: "ASVS 3.4.2; CWE-942",
    why: "A page of any site can then read what the user's token opens.",
    fix: "Allow a fixed list of origins.",
    bad: Example::behaviour(
        "`Access-Control-Allow-Origin` repeats any origin, with `Access-Control-Allow-Credentials: true`.",
    ),
    good: Example::behaviour("Only listed origins are allowed."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let target = prober.target().clone();
    let host = target.host();
    let origins = [
        "https://probity-audit.invalid".to_owned(),
        "null".to_owned(),
        format!("https://{host}.probity-audit.invalid"),
        format!("https://probity-audit{host}"),
    ];
    let token = prober.scene().valid.text.clone();
    let mut allowed = Vec::new();
    let mut numbers = Vec::new();
    for origin in origins {
        let answer =
            prober.send(&format!("from the origin {origin}"), &Shot::token(token.as_str()).header("Origin", &origin));
        let repeats = answer.header("access-control-allow-origin") == Some(origin.as_str());
        let credentials = answer.header("access-control-allow-credentials") == Some("true");
        if repeats && credentials {
            allowed.push(origin);
            numbers.push(answer.number);
        }
    }
    if allowed.is_empty() {
        return Outcome::passed("no foreign origin is allowed with credentials");
    }
    let mut finding =
        fail(format!("Pages of these origins may read answers with the user's credentials: {}.", allowed.join(", ")))
            .proof(Proof::ProvenLive);
    finding.requests = numbers;
    finding.into()
}
