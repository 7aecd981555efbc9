//! HDR-06: Key URL reaches loopback / private / metadata addresses.

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
    checks: &[Check::Never("call-backs to an own listener (--allow oob) are not built yet")],
};
