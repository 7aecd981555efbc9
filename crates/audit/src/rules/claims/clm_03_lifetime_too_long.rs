//! CLM-03: Lifetime too long for its kind.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-03",
    title: "Lifetime too long for its kind",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "ASVS 7.3.1, 7.3.2; NIST SP 800-63B-4 2.1.3/2.2.3/2.3.3; RFC 9700 2.3; CWE-613",
    why: "The lifetime is how long a stolen token is worth something, and how long a logout may be ignored.",
    fix: "Let access tokens live for minutes, and refresh them.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"alice","iat":1700000000,"exp":1702600000}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"alice","iat":1700000000,"exp":1700000300}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, setting: &Setting<'_>) -> Outcome {
    if !matches!(token.kind(), Kind::Access | Kind::Id) {
        return Outcome::not_applicable("not an access or ID token");
    }
    let Some(lifetime) = token.lifetime() else {
        return Outcome::not_applicable("`exp` and `iat` are not both there");
    };
    let policy = &setting.policy;
    let (severity, limit) = match lifetime {
        lifetime if lifetime > policy.lifetime_high => (Severity::Medium, policy.lifetime_high),
        lifetime if lifetime > policy.lifetime_medium => (Severity::Medium, policy.lifetime_medium),
        lifetime if lifetime > policy.lifetime_low => (Severity::Low, policy.lifetime_low),
        _ => return Outcome::passed(format!("{} at most", duration(policy.lifetime_low))),
    };
    let severity = if limit == policy.lifetime_high { Severity::High } else { severity };
    fail(format!("The token is good for {}, and this policy allows {}.", duration(lifetime), duration(limit)))
        .severity(severity)
        .fact("exp - iat", format!("{lifetime} s"))
        .fact("limit", format!("{limit} s"))
        .into()
}
