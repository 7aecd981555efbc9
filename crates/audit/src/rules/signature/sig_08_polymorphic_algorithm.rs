//! SIG-08: Polymorphic or PKCS#1 v1.5 signature algorithm.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-08",
    title: "Polymorphic or PKCS#1 v1.5 signature algorithm",
    tier: Tier::Passive,
    severity: Severity::Info,
    references: "8725bis 3.2 + RFC 9864; OWASP JWT cheat sheet 2026-08 (RS* 'not recommended'); never more than info",
    why: "`EdDSA` does not say which curve, and PKCS#1 v1.5 padding has a history of careless checks. Neither is a weakness by itself.",
    fix: "For new systems use Ed25519, ES256 or PS256, whose names say everything.",
    bad: Example::tokens(
        r#"{"alg":"EdDSA"}
{"sub":"alice"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"Ed25519"}
{"sub":"alice"}"#,
    ),
    checks: &[Check::Token(check_token), Check::Key(check_key)],
};

fn check_token(token: &Token, _: &Setting<'_>) -> Outcome {
    judge(token.alg())
}

fn check_key(key: &Key, _: &Setting<'_>) -> Outcome {
    judge(key.alg().unwrap_or_default())
}

fn judge(alg: &str) -> Outcome {
    match alg {
        "EdDSA" => review("`EdDSA` leaves the curve open; `Ed25519` says it (RFC 9864)."),
        "RS256" | "RS384" | "RS512" => review(format!("{alg} is sound, but not what a new system would choose.")),
        _ => return Outcome::pass(),
    }
    .fact("alg", alg)
    .into()
}
