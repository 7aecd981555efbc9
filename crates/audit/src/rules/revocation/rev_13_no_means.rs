//! REV-13: No revocation means at all.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "REV-13",
    title: "No revocation means at all",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "ASVS 7.4.1; draft-ietf-oauth-status-list; CWE-613",
    why: "A token that nothing can end works until it expires, whatever happened to its user.",
    fix: "Give tokens minutes to live, and one means of ending them sooner: a deny list, a status list, or introspection.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"1","iat":1700000000,"exp":1700086400}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"1","jti":"9f4e1d3c-9a8b","iat":1700000000,"exp":1700000300}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, setting: &Setting<'_>) -> Outcome {
    if token.kind() != Kind::Access || token.encrypted {
        return Outcome::not_applicable("not a readable access token");
    }
    let named: Vec<&str> =
        ["status", "sid", "jti", "uti", "session_id"].into_iter().filter(|name| token.claim(name).is_some()).collect();
    let documents = || setting.evidence.metadata.iter();
    let asked = documents().any(|document| {
        ["introspection_endpoint", "revocation_endpoint"].iter().any(|name| document.json.get(name).is_some())
    });
    let short = token.lifetime().is_some_and(|lifetime| lifetime <= SHORT);
    if short || asked || !named.is_empty() {
        return Outcome::passed(if short {
            "short-lived".to_owned()
        } else {
            format!("can be named by {}", named.join(", "))
        });
    }
    let finding = format!(
        "Nothing in the token says how it could be ended, and it lives {}.",
        token.lifetime().map_or_else(|| "for ever".to_owned(), |lifetime| format!("for {}", duration(lifetime)))
    );
    // Without the issuer's metadata this is a likely conclusion, not more.
    if documents().next().is_none() {
        review(finding).proof(Proof::Inferred).into()
    } else {
        fail(finding).proof(Proof::Declared).into()
    }
}

/// Seconds; ASVS and NIST call a quarter of an hour short.
const SHORT: i64 = 900;
