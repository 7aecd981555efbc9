//! KEY-06: HMAC key shorter than the hash output.

use crate::evidence::{Assignment, assignments};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-06",
    title: "HMAC key shorter than the hash output",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 7518 3.2 MUST; ASVS 11.2.3; CWE-326",
    why: "A secret shorter than the hash can be searched for; RFC 7518 requires at least the hash's length.",
    fix: "Use at least 32 bytes for HS256, 48 for HS384, 64 for HS512.",
    bad: Example::file(
        r"# .env
JWT_SECRET=tooshort",
    ),
    good: Example::file(
        r"# .env
JWT_SECRET=8Zz5tw0Ionm3XPZZfN0NOml3z9FMfmpgXwovR9fp6ryDIoGRM8EPHAB6iHsc0fbq",
    ),
    checks: &[Check::File(check_file), Check::Key(check_key)],
};

fn check_file(file: &TextFile, _: &Setting<'_>) -> Outcome {
    let secrets: Vec<Assignment> = assignments(file).into_iter().filter(Assignment::is_jwt_secret).collect();
    if secrets.is_empty() {
        return Outcome::not_applicable("no JWT secret in the file");
    }
    let short = secrets.iter().filter(|secret| secret.value.len() < SHORTEST);
    let findings = short.map(|secret| {
        fail(format!("`{}` has {} bits, and HS256 needs 256.", secret.name, secret.value.len() * 8))
            .at(file.place().line(secret.line))
    });
    Outcome::of(findings.collect())
}

fn check_key(key: &Key, _: &Setting<'_>) -> Outcome {
    // RFC 7518 section 3.2
    let bytes = match (key.kty(), key.alg()) {
        ("oct", None | Some("HS256")) => 32,
        ("oct", Some("HS384")) => 48,
        ("oct", Some("HS512")) => 64,
        _ => return Outcome::not_applicable("no key for HMAC"),
    };
    let length = key.bytes("k").map_or(0, |bytes| bytes.len());
    if length >= bytes {
        return Outcome::pass();
    }
    fail(format!("The key has {} bits, and its algorithm needs {}.", length * 8, bytes * 8)).into()
}

const SHORTEST: usize = 32;
