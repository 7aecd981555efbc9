//! KEY-23: TLS key is also the token key.

use crate::live::{Prober, certificate_key};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-23",
    title: "TLS key is also the token key",
    tier: Tier::Active,
    severity: Severity::Medium,
    references: "ASVS 11.1.2; WSTG-SESS-10; CWE-668",
    why: "One key for two purposes falls with either, and can't be replaced for one alone.",
    fix: "Use different keys for TLS and for tokens.",
    bad: Example::behaviour("The server's TLS certificate has the key that signs tokens."),
    good: Example::behaviour("The keys are different."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let scene = prober.scene();
    let Some(spki) = scene.certificate.as_deref().and_then(certificate_key) else {
        return Outcome::not_applicable("no TLS certificate");
    };
    if scene.keys.is_empty() {
        return Outcome::not_tested("the public keys are not known: --jwks FILE-OR-URL");
    }
    let same = scene.keys.iter().find(|key| {
        let own = match key.kty() {
            "RSA" => key.integer("n").map(|n| n.to_bytes_be()),
            "EC" => key.bytes("x").zip(key.bytes("y")).map(|(x, y)| [x, y].concat()),
            _ => key.bytes("x"),
        };
        own.is_some_and(|own| own.len() >= 32 && spki.windows(own.len()).any(|window| window == own))
    });
    same.map_or_else(Outcome::pass, |key| {
        fail(format!("{} is also the key of the TLS certificate.", key.name())).proof(Proof::ProvenLive).into()
    })
}
