//! CLM-13: jti missing, repeated or predictable.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-13",
    title: "jti missing, repeated or predictable",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "RFC 7519 4.1.7; RFC 9068 2.2; CWE-330",
    why: "A token that nobody can name can't be revoked by itself; a guessable name lets one revoke or replay another's.",
    fix: "Give each token a random `jti` of 128 bits.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"a","jti":"1001"}
{"alg":"ES256","typ":"at+jwt"}
{"sub":"b","jti":"1002"}
{"alg":"ES256","typ":"at+jwt"}
{"sub":"c","jti":"1003"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"a","jti":"9f4e1d3c-9a8b-4c21-8a94-3a5b9f0c7d11"}
{"alg":"ES256","typ":"at+jwt"}
{"sub":"b","jti":"0b7c2a54-66d0-4f0e-9b5e-5f3d2c1a9e88"}
{"alg":"ES256","typ":"at+jwt"}
{"sub":"c","jti":"d3b5c7a1-1f2e-4d3c-8b9a-7c6d5e4f3a2b"}"#,
    ),
    checks: &[Check::Tokens(check)],
};

fn check(tokens: &[Token], _: &Setting<'_>) -> Outcome {
    let mut seen: Vec<&Token> = Vec::new();
    for token in
        tokens.iter().filter(|token| !token.encrypted && matches!(token.kind(), Kind::Access | Kind::DpopProof))
    {
        if !seen.iter().any(|other| other.text == token.text) {
            seen.push(token);
        }
    }
    let ids: Vec<&str> = seen.iter().filter_map(|token| token.claims.text("jti")).collect();
    if ids.is_empty() {
        return match seen.first() {
            None => Outcome::not_applicable("no access token"),
            Some(token) if token.header.text("typ").is_some_and(|typ| typ.ends_with("at+jwt")) => {
                fail("The token has no `jti`, which RFC 9068 requires.").into()
            }
            Some(_) => review("The token has no `jti`: it can't be named when it must be revoked.").into(),
        };
    }
    if let Some(short) = ids.iter().find(|id| id.len() < SHORTEST) {
        return fail("A `jti` is too short to be unguessable.").fact("jti", *short).into();
    }
    if ids.len() < 3 {
        return Outcome::passed("present and long enough; three tokens are needed to see a pattern");
    }
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair.first() == pair.get(1)) {
        return fail("Different tokens have the same `jti`.").into();
    }
    let counted: Vec<u128> = sorted.iter().filter_map(|id| id.parse().ok()).collect();
    if counted.len() == sorted.len() && counted.windows(2).all(|pair| matches!(pair, [a, b] if b - a < 1_000_000)) {
        return fail("The `jti` values count upwards: the next one can be guessed.")
            .fact("jti", sorted.join(", "))
            .into();
    }
    Outcome::passed(format!("{} distinct", ids.len()))
}

/// Eleven characters of base64url hold 64 bits.
const SHORTEST: usize = 11;
