//! LEAK-10: Reverse claims: authorization map exposed.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "LEAK-10",
    title: "Reverse claims: authorization map exposed",
    tier: Tier::Passive,
    severity: Severity::Info,
    references: "RFC 9068 6; CWE-200",
    why: "Whoever reads the whole tree of rights knows what to look for.",
    fix: "Put a reference into the token, or ask the authority.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"1","permissions":["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q","r","s","t","u"]}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"1","permissions":["read"]}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    let mut found = None;
    for name in ["permissions", "roles", "authorities", "groups", "entitlements", "realm_access", "resource_access"] {
        let mut count = 0;
        if let Some(value) = token.claim(name) {
            value.walk(name, &mut |_, value| count += usize::from(value.as_str().is_some()));
        }
        if count > MANY {
            found = Some((name, count));
        }
    }
    found.map_or_else(Outcome::pass, |(name, count)| {
        review(format!("`{name}` shows {count} rights to the token's holder."))
            .at(token.place.path(format!("claims.{name}")))
            .into()
    })
}

const MANY: usize = 20;
