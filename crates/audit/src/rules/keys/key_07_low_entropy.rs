//! KEY-07: HMAC key has low entropy.

use crate::evidence::{Assignment, assignments};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-07",
    title: "HMAC key has low entropy",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 8725 3.5 (passwords MUST NOT be used); ASVS 11.5.1 (UUIDs do not qualify); CWE-331",
    why: "A long password is still a password: what people think up, programs think up faster.",
    fix: "Take the bytes from a random generator: `openssl rand -base64 48`.",
    bad: Example::file(
        r"# .env
JWT_SECRET=this-is-my-very-long-secret-password-for-tokens",
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
    let findings = secrets.iter().filter_map(|secret| {
        let reason = weakness(secret.value.as_bytes())?;
        Some(fail(format!("`{}` is not random: {reason}.", secret.name)).at(file.place().line(secret.line)))
    });
    Outcome::of(findings.collect())
}

fn check_key(key: &Key, _: &Setting<'_>) -> Outcome {
    let Some(bytes) = key.bytes("k").filter(|_| key.kty() == "oct") else {
        return Outcome::not_applicable("no secret key");
    };
    weakness(&bytes).map_or_else(Outcome::pass, |reason| fail(format!("The key is not random: {reason}.")).into())
}

/// Why these bytes can't have come from a random generator.
fn weakness(bytes: &[u8]) -> Option<&'static str> {
    let text = core::str::from_utf8(bytes).unwrap_or_default();
    let distinct = (0..=255u8).filter(|byte| bytes.contains(byte)).count();
    // ASVS 11.5.1: a UUID is an identifier, not a secret.
    let uuid = text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let words = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| {
            word.len() >= 3 && word.chars().all(char::is_lowercase) | word.chars().skip(1).all(char::is_lowercase)
        })
        .count();
    let vowels = text.chars().filter(|c| "aeiouAEIOU".contains(*c)).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if uuid {
        Some("it is a UUID")
    } else if bytes.len() >= 16 && distinct <= 6 {
        Some("it repeats a few bytes")
    } else if words >= 3 && digits * 8 < text.len() && letters > 0 && vowels * 5 >= letters {
        Some("it is made of words")
    } else if !text.is_empty() && digits == text.len() {
        Some("it is a number")
    } else {
        None
    }
}
