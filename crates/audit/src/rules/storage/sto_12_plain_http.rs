//! STO-12: Plain HTTP works.

use crate::live::{Class, Prober, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-12",
    title: "Plain HTTP works",
    tier: Tier::Active,
    severity: Severity::High,
    references: "ASVS 12.2.1, 4.1.2; NIST 5.1 SHALL NOT fall back; RFC 6750 5.3; CWE-319",
    why: "Whoever is on the way reads the token.",
    fix: "Serve HTTPS only; close port 80 for APIs, without a redirect.",
    bad: Example::behaviour("`http://` serves the same resource, or redirects with the token in the URL."),
    good: Example::behaviour("Port 80 is closed, or answers with a redirect that carries nothing."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let target = prober.target().clone();
    if target.is_loopback() {
        return Outcome::not_applicable("on this machine nobody is on the way");
    }
    if target.url.scheme() == "http" {
        return fail("The endpoint itself is plain HTTP.")
            .proof(Proof::ProvenLive)
            .at(Place::of(target.url.as_str()))
            .into();
    }
    let mut plain = target.url.clone();
    // Port 443 becomes 80; a server at another port may speak both at that one.
    if plain.set_scheme("http").is_err() {
        return Outcome::not_applicable("no plain form of the URL");
    }
    // A worthless token: the real one must not go over plain HTTP.
    let worthless = prober.scene().broken_token();
    let shot = Shot { url: Some(plain), ..Shot::token(worthless.clone()) };
    let answer = prober.send("the same request over plain HTTP, with a worthless token", &shot);
    let location = answer.header("location").unwrap_or_default();
    if answer.status == 0 {
        return Outcome::passed("nothing answers on plain HTTP");
    }
    if location.contains(&worthless) {
        return fail("Plain HTTP redirects with the token in the URL.").proof(Proof::ProvenLive).into();
    }
    if (300..400).contains(&answer.status) && location.starts_with("https:") {
        return review("Plain HTTP redirects to HTTPS: the token was sent in clear before.")
            .severity(Severity::Low)
            .into();
    }
    if matches!(answer.class, Class::Accepted) || matches!(answer.status, 200..300 | 401 | 403) {
        return fail("The resource is served over plain HTTP.")
            .proof(Proof::ProvenLive)
            .fact("status", answer.status.to_string())
            .into();
    }
    Outcome::passed(format!("plain HTTP answers {}", answer.status))
}
