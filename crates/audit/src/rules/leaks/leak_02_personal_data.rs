//! LEAK-02: Personal data in a readable token.

use crate::evidence::personal_data;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "LEAK-02",
    title: "Personal data in a readable token",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 7519 12; ASVS 14.1.1; GDPR-type duty outside scope; CWE-359",
    why: "A signed token is encoded, not encrypted: whoever holds it reads it.",
    fix: "Put an opaque `sub` into the token and look the rest up, or encrypt the token.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"1","email":"alice@example.org","birthdate":"1990-01-01"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"1","scope":"read"}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    if token.encrypted {
        return Outcome::passed("the claims are encrypted");
    }
    let found = personal_data(&token.claims);
    if found.is_empty() {
        return Outcome::pass();
    }
    let names: Vec<String> = found.iter().map(|(path, what)| format!("{path} ({what})")).collect();
    let finding = review(format!("The token shows personal data to everyone who holds it: {}.", names.join(", ")));
    // An ID token tells the client who logged in: that is what it is for.
    if token.kind() == Kind::Id { finding.severity(Severity::Info) } else { finding }.into()
}
