//! CLM-17: Authorization data may be stale.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-17",
    title: "Authorization data may be stale",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "ASVS 8.3.2 (names self-contained tokens); CWE-613",
    why: "Rights written into a token stay good until it expires, also after they were taken away.",
    fix: "Let the token live for minutes, or look rights up.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"alice","roles":["admin"],"iat":1700000000,"exp":1700086401}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"alice","roles":["admin"],"iat":1700000000,"exp":1700000300}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, setting: &Setting<'_>) -> Outcome {
    let names =
        ["roles", "role", "groups", "permissions", "authorities", "entitlements", "realm_access", "resource_access"];
    let Some(name) = names.into_iter().find(|name| token.claim(name).is_some()) else {
        return Outcome::not_applicable("no roles or permissions in the token");
    };
    if !matches!(token.kind(), Kind::Access) {
        return Outcome::not_applicable("not an access token");
    }
    let revocable = ["status", "sid"].iter().any(|name| token.claim(name).is_some());
    match token.lifetime() {
        Some(lifetime) if lifetime <= setting.policy.lifetime_low => {
            Outcome::passed(format!("at most {} old", duration(setting.policy.lifetime_low)))
        }
        _ if revocable => Outcome::passed("the token can be revoked by its session or status"),
        lifetime => review(format!(
            "`{name}` stays good for {} after it was changed.",
            lifetime.map_or_else(|| "ever".to_owned(), duration)
        ))
        .at(token.place.path(format!("claims.{name}")))
        .into(),
    }
}
