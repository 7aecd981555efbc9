//! CLM-04: Times in wrong unit or absurd.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-04",
    title: "Times in wrong unit or absurd",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 7519 2 (NumericDate); CWE-613",
    why: "A time in milliseconds is 50,000 years away: the token never expires.",
    fix: "Write times in seconds since 1970.",
    bad: Example::tokens(
        r#"{"alg":"ES256"}
{"sub":"alice","iat":1700000000,"exp":1700000300000}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256"}
{"sub":"alice","iat":1700000000,"exp":1700000300}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    let times = ["exp", "nbf", "iat", "auth_time"];
    let Some(present) = times.iter().copied().find(|name| token.claim(name).is_some()) else {
        return Outcome::not_applicable("no times");
    };
    let mut findings = Vec::new();
    for name in times.into_iter().filter(|name| token.claim(name).is_some()) {
        let Some(time) = token.time(name) else {
            // RFC 7519 section 2: a NumericDate is a number.
            findings.push(fail(format!("`{name}` is no number.")));
            continue;
        };
        if time > MILLISECONDS {
            findings.push(fail(format!("`{name}` is in milliseconds: {time}.")));
        } else if time > YEAR_2100 && name == "exp" {
            findings.push(fail(format!("`exp` is after the year 2100: {time}.")));
        } else if time < 0 {
            findings.push(fail(format!("`{name}` is before 1970: {time}.")));
        }
    }
    if let (Some(iat), Some(exp)) = (token.time("iat"), token.time("exp"))
        && iat > exp
    {
        findings.push(fail("`iat` is after `exp`.").severity(Severity::Medium));
    }
    if let (Some(nbf), Some(exp)) = (token.time("nbf"), token.time("exp"))
        && nbf > exp
    {
        findings.push(fail("`nbf` is after `exp`: the token is never good.").severity(Severity::Medium));
    }
    let findings = findings.into_iter().map(|finding| finding.at(token.place.path(present)));
    Outcome::of(findings.collect())
}

/// 2100-01-01
const YEAR_2100: i64 = 4_102_444_800;

/// Every time in milliseconds since 1978 is above this, and every time in seconds before the year 10,000 below.
const MILLISECONDS: i64 = 253_402_300_800;
