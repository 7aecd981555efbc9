//! HDR-02: jku is fetched / trusted.

use super::call_back::{Lure, OWN_KID, cast, key_set, no_listener, path};
use crate::live::{Listener, Prober};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-02",
    title: "jku is fetched / trusted",
    tier: Tier::OutOfBand,
    severity: Severity::Critical,
    references: "RFC 8725 3.10; 8725bis 3.10; ASVS 9.1.3; CWE-918; CWE-347",
    why: "A verifier that fetches keys from where the token says lets the token choose, and can be sent anywhere.",
    fix: "Ignore `jku`; pin one key set URL for each issuer.",
    bad: Example::behaviour("The server fetches the URL in `jku`."),
    good: Example::behaviour("Keys come from a pinned URL."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let Some(listener) = prober.listener() else { return no_listener() };
    let scene = prober.scene();
    let forge = scene.forge();
    let kid = scene.valid.kid().unwrap_or(OWN_KID).to_owned();
    let mut lures = Vec::new();
    for (number, key) in forge.own_keys().iter().filter(|key| key.public_jwk().is_some()).enumerate() {
        let path = path(prober, RULE.id, number + 1);
        listener.offer(&path, key_set(forge, &kid));
        let alg = key.algorithm().to_string();
        let header = forge.header(&alg).with("jku", listener.url(&path).as_str().into());
        let header = if scene.valid.kid().is_some() { header } else { header.with("kid", OWN_KID.into()) };
        lures.push(Lure { attempt: forge.signed_by(&format!("a key set of ours in jku, {alg}"), &header, key), path });
    }
    if let Some(key) = forge.own_keys().iter().find(|key| key.public_jwk().is_some()) {
        let alg = key.algorithm().to_string();
        let path = path(prober, RULE.id, 8);
        listener.offer(&path, key_set(forge, &kid));
        let header = forge.header(&alg).with("kid", listener.url(&path).as_str().into());
        lures.push(Lure { attempt: forge.signed_by("the URL of a key set of ours in kid", &header, key), path });
    }
    lures.extend(issuer(prober, &listener, &kid));
    cast(prober, lures, Severity::High, "The server fetches a URL that the token names")
}

/// A token whose `iss` is our listener, which answers as an issuer would.
fn issuer(prober: &Prober, listener: &Listener, kid: &str) -> Option<Lure> {
    let scene = prober.scene();
    let forge = scene.forge();
    let key = forge.own_keys().iter().find(|key| key.public_jwk().is_some())?;
    let path = path(prober, RULE.id, 9);
    let (issuer, keys) = (listener.url(&path).to_string(), format!("{path}/jwks.json"));
    listener.offer(&keys, key_set(forge, kid));
    let metadata = Json::Object(vec![
        ("issuer".to_owned(), issuer.as_str().into()),
        ("jwks_uri".to_owned(), listener.url(&keys).as_str().into()),
    ]);
    for place in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        listener.offer(&format!("{path}{place}"), metadata.to_string());
    }
    let claims = forge.claims_json().with("iss", issuer.as_str().into());
    let header = forge.header(&key.algorithm().to_string());
    Some(Lure { attempt: forge.claims_signed_by("an issuer of ours in iss", &header, &claims, key), path })
}
