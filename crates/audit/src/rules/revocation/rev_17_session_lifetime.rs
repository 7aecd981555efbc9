//! REV-17: Session lifetime exceeds the declared assurance level.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-17",
    title: "Session lifetime exceeds the declared assurance level",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "NIST SP 800-63B-4 2.1.3, 2.2.3, 2.3.3, 5.2 (SHALL terminate); ASVS 7.1.1, 7.3.1, 7.3.2; CWE-613",
    why: "NIST SP 800-63B ends sessions after a time that depends on how strong the login was.",
    fix: "End sessions at the limit of the level.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt","@aal":"3"}
{"sub":"1","auth_time":1700000000,"iat":1700043300,"exp":1700060000}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt","@aal":"3"}
{"sub":"1","auth_time":1700000000,"iat":1700000100,"exp":1700000400}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, setting: &Setting<'_>) -> Outcome {
    let Some(level) = setting.policy.assurance_level else {
        return Outcome::not_tested("no assurance level was given: --aal 1|2|3");
    };
    let (Some(login), Some(end)) = (token.time("auth_time"), token.time("exp")) else {
        return Outcome::not_applicable("no `auth_time` and `exp`");
    };
    // NIST SP 800-63B-4 sections 2.1.3, 2.2.3, 2.3.3
    let limit = match level {
        1 => 30 * 86_400,
        2 => 86_400,
        _ => 43_200,
    };
    let length = end - login;
    if length <= limit {
        return Outcome::passed(format!("{} after the login at most", duration(length)));
    }
    fail(format!(
        "The token is good until {} after the login, and AAL{level} allows {}.",
        duration(length),
        duration(limit)
    ))
    .into()
}
