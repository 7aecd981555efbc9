//! JWE-02: Encrypted token accepted where a signed one is needed.

use crate::live::{Attempt, Plan, Scene};
use crate::rules::prelude::*;
use crate::secrets::encrypt_to;

pub(super) static RULE: Rule = Rule {
    id: "JWE-02",
    title: "Encrypted token accepted where a signed one is needed",
    tier: Tier::Active,
    severity: Severity::Critical,
    references: "8725bis 2.3/3.3 (new); CVE-2023-51774; ASVS 9.1.1; CWE-347",
    why: "Anyone can encrypt to a public key. A service that takes what it can decrypt for signed takes anything.",
    fix: "Keep decrypting apart from verifying, and refuse five parts where a signed token is expected.",
    bad: Example::behaviour("Claims that we encrypted to the public key are accepted."),
    good: Example::behaviour("A token of five parts is refused where a signed one is needed."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    if scene.keys.is_empty() {
        return Plan::not_tested("the public keys are not known: --jwks FILE-OR-URL");
    }
    let claims = scene.forge().claims_json().to_string();
    let mut attempts: Vec<Attempt> = Vec::new();
    for key in &scene.keys {
        for (alg, token) in encrypt_to(key, claims.as_bytes()) {
            // The twin's tag is broken: what can't be decrypted must be refused.
            let twin = crate::live::break_last_part(&token);
            attempts.push(Attempt::forgery(format!("claims encrypted to {} with {alg}", key.name()), token, twin));
        }
    }
    Plan::of(attempts)
}
