//! HDR-05: jku/x5u allow list can be bypassed.

use super::call_back::{Lure, OWN_KID, cast, key_set, no_listener, path, plain_is_fetched};
use crate::live::Prober;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-05",
    title: "jku/x5u allow list can be bypassed",
    tier: Tier::OutOfBand,
    severity: Severity::Critical,
    references: "8725bis 3.10; ASVS 9.1.3, 13.2.4; CWE-918",
    why: "A comparison of URLs by their beginning is passed by `https://good.example@evil.example`.",
    fix: "Compare URLs whole, and follow no redirects.",
    bad: Example::behaviour("`jku` with the allowed host as user information is fetched."),
    good: Example::behaviour("URLs are compared whole."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let Some(listener) = prober.listener() else { return no_listener() };
    let scene = prober.scene();
    let Some(host) = scene.issuer().and_then(|issuer| url::Url::parse(issuer).ok()?.host_str().map(str::to_owned))
    else {
        return Outcome::not_applicable("the issuer is no URL whose host could be on a list");
    };
    if plain_is_fetched(prober, &listener, RULE.id) {
        return Outcome::Subsumed("HDR-02");
    }
    let forge = scene.forge();
    let Some(key) = forge.own_keys().iter().find(|key| key.public_jwk().is_some()) else {
        return Outcome::not_tested("no key could be made");
    };
    let mut lures = Vec::new();
    let mut reached = Vec::new();
    let first = prober.log().len() + 1;
    for (number, (what, url)) in disguised(&listener.authority(), &host).into_iter().enumerate() {
        let path = path(prober, RULE.id, number + 1);
        listener.offer(&path, key_set(forge, scene.valid.kid().unwrap_or(OWN_KID)));
        let header = forge.header(&key.algorithm().to_string()).with("jku", url.replace("PATH", &path).as_str().into());
        let attempt = forge.signed_by(&format!("jku with {what}"), &header, key);
        if !url.starts_with("https:") {
            lures.push(Lure { attempt, path });
            continue;
        }
        // Our listener speaks no TLS: the handshake is the call, and it must come each time and never without a token.
        let calls: Vec<bool> = (0..2)
            .map(|_| {
                let before = listener.handshakes();
                prober.send(&attempt.what, &attempt.shot);
                listener.handshakes() > before
            })
            .collect();
        let quiet = listener.handshakes();
        prober.send("the valid token, which names no URL", &crate::live::Shot::token(scene.valid.text.clone()));
        if calls.iter().all(|called| *called) && listener.handshakes() == quiet {
            reached.push(attempt.what);
        }
    }
    if reached.is_empty() {
        return cast(prober, lures, Severity::High, "The server fetches URLs that only look allowed");
    }
    let mut finding = fail(format!("The server fetches URLs that only look allowed: {}.", reached.join("; ")))
        .proof(Proof::ProvenLive)
        .severity(Severity::High)
        .fact("listener", format!("{} got a TLS handshake for each such token, and none without", listener.address()));
    finding.requests = (first..=prober.log().len()).collect();
    finding.at(Place::of(scene.url().to_owned())).into()
}

/// URLs that lead to our listener and look as if they led to the issuer's host.
fn disguised(listener: &str, host: &str) -> Vec<(&'static str, String)> {
    vec![
        ("the issuer as user information", format!("https://{host}@{listener}PATH")),
        ("the issuer as user information, plain", format!("http://{host}@{listener}PATH")),
        ("the issuer in the query", format!("http://{listener}PATH?https://{host}/jwks.json")),
        ("the issuer in the fragment", format!("http://{listener}PATH#https://{host}/jwks.json")),
        ("the issuer in the path", format!("http://{listener}PATH/{host}/jwks.json")),
        ("a backslash before the issuer", format!("http://{listener}PATH\\@{host}/")),
        ("the scheme in upper case", format!("HTTP://{listener}PATH")),
    ]
}
