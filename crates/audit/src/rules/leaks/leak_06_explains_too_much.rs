//! LEAK-06: Verifier explains too much.

use crate::live::{Prober, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "LEAK-06",
    title: "Verifier explains too much",
    tier: Tier::Active,
    severity: Severity::Low,
    references: "ASVS 16.5.1; RFC 6750 3.1; CWE-209; CWE-204",
    why: "An answer that says why a token is refused tells an attacker how far he got.",
    fix: "Answer one generic `invalid_token`, and log the reason.",
    bad: Example::behaviour("The body holds a stack trace, SQL, or the expected signature."),
    good: Example::behaviour("`invalid_token`, for every reason."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let scene = prober.scene();
    let forge = scene.forge();
    let wrong_kid = format!(
        "{}.{}",
        forge.input(&scene.valid.header.with("kid", "probity'audit".into()), scene.claims()),
        scene.valid.part(2)
    );
    let shots = [
        ("a bad signature", scene.broken_token()),
        ("an unknown kid", wrong_kid),
        ("no token at all", "probity".to_owned()),
        ("header no JSON", format!("{}.{}.{}", to_base64url(b"{"), scene.valid.part(1), scene.valid.part(2))),
    ];
    for (what, token) in shots {
        let answer = prober.send(what, &Shot::token(token));
        if let Some(trace) = TRACES.iter().find(|trace| answer.body.contains(**trace)) {
            let mut finding =
                fail(format!("The answer to {what} shows the inside: {trace:?}.")).proof(Proof::ProvenLive);
            finding.requests = vec![answer.number];
            return finding.into();
        }
    }
    Outcome::passed("no traces, queries or signatures in the answers")
}

const TRACES: [&str; 16] = [
    "Traceback (most recent call last)",
    "node_modules/",
    "    at Object.",
    "    at Module.",
    "java.lang.",
    "io.jsonwebtoken",
    "System.IdentityModel",
    "goroutine ",
    "panicked at",
    "Stack trace:",
    "SQLSTATE",
    "sqlite3.",
    "psycopg2",
    "ORA-0",
    "expected signature",
    "Expected signature",
];
