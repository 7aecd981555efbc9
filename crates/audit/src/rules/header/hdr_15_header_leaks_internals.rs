//! HDR-15: Header leaks internals.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-15",
    title: "Header leaks internals",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "RFC 7515 4.1.4; CWE-200",
    why: "The header is readable by everyone who sees the token; a path, host or account in it helps the next attack.",
    fix: "Use the key's thumbprint (RFC 7638) as `kid`.",
    bad: Example::tokens(
        r#"{"alg":"RS256","kid":"/etc/keys/prod/signing.pem"}
{"sub":"alice"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"RS256","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}
{"sub":"alice"}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    let Some(kid) = token.kid() else {
        return Outcome::not_applicable("no `kid`");
    };
    let what = if kid.starts_with("arn:") || kid.starts_with("projects/") {
        "a cloud resource"
    } else if kid.contains("://") && !kid.starts_with("did:") {
        "a URL"
    } else if kid.starts_with('/') || kid.starts_with("./") || kid.contains('\\') || is_key_file(kid) {
        "a file"
    } else if kid.contains('@') && kid.contains('.') {
        "an address"
    } else {
        return Outcome::pass();
    };
    fail(format!("The `kid` looks like {what}.")).fact("kid", kid).into()
}

fn is_key_file(kid: &str) -> bool {
    let extension = std::path::Path::new(kid).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| ["pem", "key", "jks", "p12"].contains(&extension))
}
