//! SIG-07: Unregistered, deprecated or prohibited algorithm.

use crate::known::algorithms;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-07",
    title: "Unregistered, deprecated or prohibited algorithm",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 7518; RFC 8725 3.2; ASVS 9.1.2, 11.3.2; CWE-327",
    why: "An algorithm outside the registry, or one that the registry prohibits, was never reviewed for this use.",
    fix: "Use ES256, PS256 or Ed25519.",
    bad: Example::tokens(
        r#"{"alg":"RS1"}
{"sub":"alice"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"PS256"}
{"sub":"alice"}"#,
    ),
    checks: &[Check::Token(check_token), Check::Key(check_key)],
};

fn check_token(token: &Token, _: &Setting<'_>) -> Outcome {
    // An unsecured token has a rule of its own.
    if token.alg().eq_ignore_ascii_case("none") { Outcome::pass() } else { judge(token.alg()) }
}

fn check_key(key: &Key, _: &Setting<'_>) -> Outcome {
    key.alg().map_or_else(|| Outcome::not_applicable("the key names no algorithm"), judge)
}

fn judge(alg: &str) -> Outcome {
    let claim = match algorithms::find(alg) {
        None => format!("The algorithm {alg:?} is not registered for JOSE."),
        Some(known) if known.prohibited => format!("The algorithm {alg} is registered as prohibited."),
        Some(_) => return Outcome::pass(),
    };
    fail(claim).fact("alg", alg).into()
}
