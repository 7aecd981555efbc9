//! STO-13: TLS below 1.2 or broken certificate.

use crate::live::{Prober, speaks_old_tls};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-13",
    title: "TLS below 1.2 or broken certificate",
    tier: Tier::Active,
    severity: Severity::High,
    references: "ASVS 12.1.1, 12.2.2; RFC 9325; CWE-326; CWE-295",
    why: "TLS 1.0 and 1.1 rest on SHA-1 and are forbidden since 2021 (RFC 8996).",
    fix: "Speak TLS 1.2 and 1.3 only.",
    bad: Example::behaviour("The server answers a handshake of TLS 1.0."),
    good: Example::behaviour("Only TLS 1.2 and 1.3 are spoken."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let target = prober.target().clone();
    if target.url.scheme() != "https" {
        return Outcome::not_applicable("no TLS");
    }
    let port = target.url.port_or_known_default().unwrap_or(443);
    let runtime = prober.runtime().clone();
    let mut spoken = Vec::new();
    for (minor, name) in [(1, "TLS 1.0"), (2, "TLS 1.1")] {
        match runtime.block_on(speaks_old_tls(&target.host(), port, minor, prober.connect_to())) {
            Some(true) => spoken.push(name),
            Some(false) => {}
            None => return Outcome::inconclusive("the server can't be reached for a handshake"),
        }
    }
    if spoken.is_empty() {
        return Outcome::passed("a handshake of TLS 1.0 or 1.1 is refused, and the certificate was verified");
    }
    fail(format!("The server still speaks {}.", spoken.join(" and "))).proof(Proof::ProvenLive).into()
}
