//! CLM-14: Not an RFC 9068 access token.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-14",
    title: "Not an RFC 9068 access token",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "RFC 9068 2.1, 2.2; 8725bis 3.11; ASVS 9.2.2",
    why: "The profile makes it impossible to take an ID token for an access token, and names what a revocation needs.",
    fix: "Follow the profile of RFC 9068: `typ: at+jwt` and its seven claims.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"iss":"https://issuer.example","sub":"alice","aud":"api","exp":1700000300}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"iss":"https://issuer.example","sub":"alice","aud":"api","exp":1700000300,"iat":1700000000,"jti":"9f4e1d3c-9a8b","client_id":"web"}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    if token.encrypted {
        return Outcome::not_tested("the claims are encrypted");
    }
    if token.kind() != Kind::Access {
        return Outcome::not_applicable("not an access token");
    }
    // RFC 9068 section 2.2
    let required = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];
    let missing: Vec<&str> = required.into_iter().filter(|name| token.claim(name).is_none()).collect();
    let typed = token
        .header
        .text("typ")
        .is_some_and(|typ| typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt"));
    match (typed, missing.is_empty()) {
        (true, true) => Outcome::pass(),
        (true, false) => {
            fail(format!("The token says that it follows RFC 9068, but lacks {}.", missing.join(", "))).into()
        }
        // Not to follow the profile is no error; it is what an auditor should know.
        (false, _) => review("The token does not say by its `typ` that it is an access token.")
            .severity(Severity::Info)
            .fact("missing claims", if missing.is_empty() { "none".to_owned() } else { missing.join(", ") })
            .into(),
    }
}
