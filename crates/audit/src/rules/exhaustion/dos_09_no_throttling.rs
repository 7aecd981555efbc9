//! DOS-09: No throttling of bad tokens.

use crate::live::Prober;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "DOS-09",
    title: "No throttling of bad tokens",
    tier: Tier::Active,
    severity: Severity::Info,
    references: "API4:2023; CWE-307",
    why: "Who may guess as often as he likes will guess right sooner or later.",
    fix: "Limit the rate of bad tokens.",
    bad: Example::behaviour("Hundreds of bad tokens are answered at once, without 429."),
    good: Example::behaviour("After some the answer is 429."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let bad = prober.log().iter().filter(|sent| !matches!(sent.status, 200..300)).count();
    let throttled = prober.log().iter().filter(|sent| sent.status == 429).count();
    if throttled > 0 {
        return Outcome::passed(format!("{throttled} answers were 429"));
    }
    if bad < 50 {
        return Outcome::inconclusive(format!("only {bad} bad tokens were sent"));
    }
    review(format!("{bad} bad tokens were answered without 429."))
        .severity(Severity::Info)
        .proof(Proof::ProvenLive)
        .into()
}
