//! XSV-08: Certificate-bound token accepted without the certificate.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "XSV-08",
    title: "Certificate-bound token accepted without the certificate",
    tier: Tier::Active,
    severity: Severity::High,
    references: "RFC 8705 3; ASVS 10.3.5; CWE-294",
    why: "A token that is bound to a certificate must be worth nothing to who has only the token.",
    fix: "Require the certificate for every token with `cnf`.",
    bad: Example::behaviour("A token with `cnf.x5t#S256` is accepted without the certificate."),
    good: Example::behaviour("It is refused."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    scene.must_refuse(&[("mtls", "a certificate-bound token without the certificate")])
}
