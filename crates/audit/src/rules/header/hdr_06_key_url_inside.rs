//! HDR-06: Key URL reaches loopback / private / metadata addresses.

use std::net::IpAddr;

use super::call_back::{Lure, OWN_KID, cast, key_set, no_listener, path};
use crate::live::Prober;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-06",
    title: "Key URL reaches loopback / private / metadata addresses",
    tier: Tier::OutOfBand,
    severity: Severity::High,
    references: "8725bis 3.10 (MUST check DNS result when no allow list: new); ASVS 13.2.5; CWE-918",
    why: "A server that fetches any URL reaches what only it can reach: metadata services, databases, admin pages.",
    fix: "Resolve the name, check the address, and connect to the address that was checked.",
    bad: Example::behaviour("`jku` with an address of the inside is fetched."),
    good: Example::behaviour("Addresses are resolved and checked before a connection."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let Some(listener) = prober.listener() else { return no_listener() };
    if !listener.is_inside() {
        return Outcome::not_tested("the listener is at a public address, and this is about inner ones");
    }
    let scene = prober.scene();
    let forge = scene.forge();
    let Some(key) = forge.own_keys().iter().find(|key| key.public_jwk().is_some()) else {
        return Outcome::not_tested("no key could be made");
    };
    let port = listener.address().port();
    let mut lures = Vec::new();
    for (number, host) in spellings(listener.address().ip()).into_iter().enumerate() {
        for (member, number) in [("jku", number + 1), ("x5u", number + 101)] {
            let path = path(prober, RULE.id, number);
            listener.offer(&path, key_set(forge, scene.valid.kid().unwrap_or(OWN_KID)));
            let url = format!("http://{host}:{port}{path}");
            let header = forge.header(&key.algorithm().to_string()).with(member, url.as_str().into());
            lures.push(Lure {
                attempt: forge.signed_by(&format!("http://{host}:{port} in {member}"), &header, key),
                path,
            });
        }
    }
    cast(prober, lures, Severity::High, "The server fetches from an address that only the inside reaches")
}

/// The ways to write an inner address.
fn spellings(address: IpAddr) -> Vec<String> {
    match address {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            let mut all = vec![
                ip.to_string(),
                u32::from(ip).to_string(),
                format!("{:#x}", u32::from(ip)),
                format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
                format!("[::ffff:{ip}]"),
            ];
            if ip.is_loopback() {
                all.extend(["localhost", "LOCALHOST.", "127.1", "0.0.0.0"].map(str::to_owned));
            }
            all
        }
        IpAddr::V6(ip) => vec![format!("[{ip}]"), "localhost".to_owned()],
    }
}
