//! SIG-15: JSON serialization / polyglot accepted as JWT.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-15",
    title: "JSON serialization / polyglot accepted as JWT",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "8725bis 2.13/3.14 (new); RFC 7519 1; CVE-2022-39227; CWE-347; CWE-436",
    why: "A text that is two tokens at once can be verified as the one and read as the other.",
    fix: "Accept only `A-Z a-z 0-9 _ . -`, in exactly three parts (five for encrypted tokens).",
    bad: Example::behaviour("A JSON serialization, or a text that is compact and JSON at once, is accepted."),
    good: Example::behaviour("Only the compact form is accepted."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let (forge, valid) = (scene.forge(), &scene.valid);
    let (header, claims, signature) = (valid.part(0), valid.part(1), valid.part(2));
    let forged = to_base64url(forge.claims_json().to_string().as_bytes());
    Plan::of(vec![
        forge
            .text(
                "flattened JSON",
                format!(r#"{{"protected":"{header}","payload":"{claims}","signature":"{signature}"}}"#),
            )
            .as_severe_as(Severity::Medium),
        forge
            .text(
                "general JSON",
                format!(
                    r#"{{"payload":"{claims}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#
                ),
            )
            .as_severe_as(Severity::Medium),
        // CVE-2022-39227: verified as the JSON form, read as the compact one.
        forge.text(
            "compact and JSON at once",
            format!(
                r#"{{"  {header}.{forged}.":"","protected":"{header}","payload":"{claims}","signature":"{signature}"}}"#
            ),
        ),
        forge.text("compact with JSON behind", format!(r#"{header}.{forged}.{signature}{{"payload":"{claims}"}}"#)),
    ])
}
