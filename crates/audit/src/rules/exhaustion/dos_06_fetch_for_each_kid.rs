//! DOS-06: Unknown kid triggers a fetch each time.

use crate::live::{KEY_SET_PATH, Prober};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "DOS-06",
    title: "Unknown kid triggers a fetch each time",
    tier: Tier::OutOfBand,
    severity: Severity::High,
    references: "RFC 8725 3.10; CWE-400",
    why: "A verifier that fetches keys for every unknown name can be made to overload the issuer.",
    fix: "Remember unknown names for a while, and limit fetches.",
    bad: Example::behaviour("A hundred tokens with random `kid` cause a hundred fetches."),
    good: Example::behaviour("Unknown names are remembered, and fetches limited."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let Some(listener) = prober.listener() else {
        return Outcome::not_tested("it counts fetches at our listener: --allow oob --listener ADDRESS");
    };
    let scene = prober.scene();
    let minted = scene.forge();
    let Some(key) = minted.own_keys().iter().find(|key| key.public_jwk().is_some()) else {
        return Outcome::not_tested("no key could be made");
    };
    let before = listener.calls(KEY_SET_PATH);
    for number in 0..UNKNOWN {
        let header = minted.header(&key.algorithm().to_string());
        let header = header.with("kid", format!("{}-{number}", scene.marker()).as_str().into());
        let attempt = minted.signed_by("a kid that nobody knows", &header, key);
        prober.send(&attempt.what, &attempt.shot);
    }
    let fetches = listener.calls(KEY_SET_PATH) - before;
    if listener.calls(KEY_SET_PATH) == 0 {
        let at = listener.url(KEY_SET_PATH);
        return Outcome::not_tested(format!(
            "the endpoint takes its keys elsewhere: let it take them from {at}, and give --jwks"
        ));
    }
    if fetches > UNKNOWN / 2 {
        return fail(format!("{UNKNOWN} tokens with unknown `kid` caused {fetches} fetches of the key set."))
            .proof(Proof::ProvenLive)
            .at(Place::of(scene.url().to_owned()))
            .into();
    }
    Outcome::passed(format!("{UNKNOWN} tokens with unknown `kid` caused {fetches} fetches"))
}

/// How many unknown names are tried.
const UNKNOWN: usize = 20;
