//! CLM-12: Subject can be reassigned or is missing.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-12",
    title: "Subject can be reassigned or is missing",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 8725 3.8; ASVS 10.3.3, 10.5.2; CWE-287",
    why: "Who is identified by an e-mail address or a name that can be given to somebody else, can become somebody else.",
    fix: "Use an opaque `sub` that is never given to somebody else, and key users by issuer and `sub`.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"alice@example.org"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"248289761001"}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    if token.encrypted {
        return Outcome::not_tested("the claims are encrypted");
    }
    if !matches!(token.kind(), Kind::Access | Kind::Id) {
        return Outcome::not_applicable("not an access or ID token");
    }
    let Some(sub) = token.claims.text("sub") else {
        return match token.claim("sub") {
            None => review("The token has no `sub`.").severity(Severity::Medium).into(),
            Some(value) => fail(format!("`sub` is of type {}, not a string.", value.type_name())).into(),
        };
    };
    // A client's own token names the client (RFC 9068 section 2.2), and some services name their accounts by an address.
    let of_a_client = ["client_id", "azp"].iter().any(|name| token.claims.text(name) == Some(sub));
    let looks_like = if sub.contains('@') && !sub.ends_with("@clients") && !of_a_client {
        "an e-mail address"
    } else if sub.starts_with('+') && sub.len() > 7 && sub.chars().skip(1).all(|c| c.is_ascii_digit()) {
        "a telephone number"
    } else {
        return Outcome::pass();
    };
    review(format!("`sub` looks like {looks_like}, which may pass to somebody else."))
        .fact("sub", crate::redact::masked(sub))
        .at(token.place.path("claims.sub"))
        .into()
}
