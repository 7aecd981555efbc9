//! CLM-18: Audience or scope too wide.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-18",
    title: "Audience or scope too wide",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "RFC 9700 2.3; ASVS 10.2.3, 10.4.11; CWE-272",
    why: "A token that opens everything is worth stealing; one that opens one thing is worth one thing.",
    fix: "Name one audience, and the scopes that are needed.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"alice","aud":"*","scope":"read"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"alice","aud":"https://api.example","scope":"orders:read"}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    if token.kind() != Kind::Access || token.encrypted {
        return Outcome::not_applicable("not a readable access token");
    }
    let audiences = token.audiences();
    if audiences.iter().any(|audience| audience.contains('*')) {
        return fail("The audience is a wildcard.").fact("aud", audiences.join(", ")).into();
    }
    if audiences.len() > MANY_AUDIENCES {
        return review(format!("The token is good for {} services.", audiences.len()))
            .fact("aud", audiences.join(", "))
            .into();
    }
    let scopes = token.claims.text("scope").or_else(|| token.claims.text("scp")).unwrap_or_default();
    let wide = scopes.split_whitespace().find(|scope| {
        matches!(scope.to_ascii_lowercase().as_str(), "*" | "admin" | "root" | "full_access" | "superuser" | "all")
    });
    wide.map_or_else(Outcome::pass, |scope| {
        review(format!("The scope `{scope}` opens everything.")).fact("scope", scopes).into()
    })
}

const MANY_AUDIENCES: usize = 3;
