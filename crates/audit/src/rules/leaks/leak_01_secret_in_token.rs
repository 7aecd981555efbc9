//! LEAK-01: Secret inside a signed token.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "LEAK-01",
    title: "Secret inside a signed token",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "ASVS 14.1.1, 14.2.4; RFC 7519 12; CWE-312; CWE-522",
    why: "A signed token is readable by everyone who holds it: its user, every proxy, every log.",
    fix: "Remove it, and replace the secret.",
    bad: Example::tokens(
        r#"{"alg":"ES256"}
{"sub":"alice","pwd":"$2b$12$KIXQ1Yb0hPz1E0Y3b8s1UuY5sQf8kz1T9gP3sJr0m4xJ3v5h7d2aO"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256"}
{"sub":"alice","name":"Alice"}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    let mut findings = Vec::new();
    token.claims.walk("", &mut |path, value| {
        let Some(text) = value.as_str() else { return };
        let name = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
        if let Some(what) = secret(&name, text) {
            findings.push(
                fail(format!("The claim `{path}` holds {what}."))
                    .fact("value", crate::redact::masked(text))
                    .at(token.place.path(format!("claims.{path}"))),
            );
        }
    });
    Outcome::of(findings)
}

/// What kind of secret a value is, by forms that nothing else has; by the claim's name only for passwords.
fn secret(name: &str, text: &str) -> Option<&'static str> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
    let long = |length: usize| text.len() >= length;
    if text.contains("PRIVATE KEY-----") {
        Some("a private key")
    } else if starts(&["$2a$", "$2b$", "$2y$", "$argon2", "$6$", "$5$", "$scrypt$", "$pbkdf2"]) && long(20) {
        Some("a password hash")
    } else if (starts(&["AKIA", "ASIA"]) && text.len() == 20)
        || (starts(&[
            "ghp_",
            "gho_",
            "ghs_",
            "github_pat_",
            "glpat-",
            "xoxb-",
            "xoxp-",
            "sk_live_",
            "rk_live_",
            "AIza",
            "SG.",
            "npm_",
            "dop_v1_",
        ]) && long(20))
    {
        Some("an API key of a known form")
    } else if text.contains("://")
        && text.split_once("://").is_some_and(|(_, rest)| {
            rest.split('/')
                .next()
                .is_some_and(|authority| authority.split_once('@').is_some_and(|(user, _)| user.contains(':')))
        })
    {
        Some("a connection string with a password")
    } else if matches!(
        name,
        "password" | "passwd" | "pwd" | "client_secret" | "api_key" | "apikey" | "secret" | "private_key"
    ) && !text.is_empty()
    {
        Some("something named as a secret")
    } else if name.contains("refresh") && text.split('.').count() >= 3 && text.starts_with("eyJ") {
        Some("a refresh token")
    } else {
        None
    }
}
