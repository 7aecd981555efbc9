//! SIG-21: Claims are processed before the signature is checked.

use crate::live::{Class, Prober, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-21",
    title: "Claims are processed before the signature is checked",
    tier: Tier::Active,
    severity: Severity::Medium,
    references: "RFC 7515 5.2; RFC 8725 3.3; CWE-345",
    why: "Code that works on claims before the signature is checked works for anyone.",
    fix: "Check the signature first, and answer every failure alike.",
    bad: Example::behaviour("A badly signed token gets an answer that depends on its claims."),
    good: Example::behaviour("Every badly signed token gets one and the same answer."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let scene = prober.scene();
    let forge = scene.forge();
    let marker = format!("probity{}", scene.now());
    let token = |claims: &Json| format!("{}.{}", forge.input(&scene.valid.header, claims), scene.valid.part(2));
    let plain = prober.send("a badly signed token", &Shot::token(token(&forge.claims_json())));
    let mut different = Vec::new();
    let changes = [
        ("exp long past", scene.claims().with("exp", 1.into())),
        ("a marker in sub", scene.claims().with("sub", marker.as_str().into())),
        ("a marker in iss", scene.claims().with("iss", marker.as_str().into())),
        ("a marker in aud", scene.claims().with("aud", marker.as_str().into())),
    ];
    for (what, claims) in changes {
        let answer = prober.send(&format!("a badly signed token with {what}"), &Shot::token(token(&claims)));
        if answer.class == Class::Accepted || answer.class == Class::Limited {
            return Outcome::inconclusive("the answers to badly signed tokens are not all refusals");
        }
        let reflected =
            answer.body.contains(&marker) || answer.headers.iter().any(|(_, value)| value.contains(&marker));
        let challenge = |headers: &crate::live::Answer| headers.header("www-authenticate").map(str::to_owned);
        if reflected
            || (answer.status, challenge(&answer)) != (plain.status, challenge(&plain))
            || said(&answer.body) != said(&plain.body)
        {
            different.push((what, answer));
        }
    }
    let Some((what, answer)) = different.first() else {
        return Outcome::passed("the claims of a badly signed token change nothing in the answer");
    };
    let mut finding = fail(format!(
        "A badly signed token with {what} gets another answer: its claims are read before the signature is checked."
    ))
    .proof(Proof::ProvenLive)
    .fact("answer to it", short(&answer.body))
    .fact("answer to another", short(&plain.body));
    finding.requests = vec![plain.number, answer.number];
    finding.into()
}

/// A body without what changes by itself: numbers, and long words that look drawn at random.
fn said(body: &str) -> String {
    body.split(|c: char| !c.is_alphabetic())
        .filter(|word| word.len() > 2 && word.len() < 16)
        .collect::<Vec<_>>()
        .join(" ")
}

fn short(body: &str) -> String {
    crate::redact::tokens_in(&body.chars().take(160).collect::<String>())
}
