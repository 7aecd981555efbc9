//! HDR-03: x5u is fetched / trusted.

use super::call_back::{Lure, cast, no_listener, path};
use crate::der::pem;
use crate::live::{Prober, self_signed};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-03",
    title: "x5u is fetched / trusted",
    tier: Tier::OutOfBand,
    severity: Severity::Critical,
    references: "RFC 8725 3.10; ASVS 9.1.3; CWE-918; CWE-295",
    why: "As with `jku`: the token must not say where its certificate is.",
    fix: "Ignore `x5u`; pin one key set URL for each issuer.",
    bad: Example::behaviour("The server fetches the URL in `x5u`."),
    good: Example::behaviour("Keys come from a pinned URL."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let Some(listener) = prober.listener() else { return no_listener() };
    let scene = prober.scene();
    let forge = scene.forge();
    let mut lures = Vec::new();
    for (number, key) in forge.own_keys().iter().enumerate() {
        let Some(certificate) = self_signed(key) else { continue };
        let path = path(prober, RULE.id, number + 1);
        listener.offer(&path, pem("CERTIFICATE", &certificate));
        let alg = key.algorithm().to_string();
        let header = forge.header(&alg).with("x5u", listener.url(&path).as_str().into());
        lures.push(Lure {
            attempt: forge.signed_by(&format!("a certificate of ours in x5u, {alg}"), &header, key),
            path,
        });
    }
    cast(prober, lures, Severity::High, "The server fetches the URL in `x5u`")
}
