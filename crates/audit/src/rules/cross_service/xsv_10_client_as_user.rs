//! XSV-10: Client token mistaken for a user.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "XSV-10",
    title: "Client token mistaken for a user",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 9700 4.15; 8725bis 3.8; CWE-863",
    why: "A client that may choose its own ID can become the user of that ID.",
    fix: "Keep identifiers of clients and of users apart.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"1001","client_id":"1001"}
{"alg":"ES256","typ":"at+jwt"}
{"sub":"1002","client_id":"web","sid":"s"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"sub":"service-a","client_id":"service-a"}
{"alg":"ES256","typ":"at+jwt"}
{"sub":"1002","client_id":"web","sid":"s"}"#,
    ),
    checks: &[Check::Tokens(check)],
};

fn check(tokens: &[Token], _: &Setting<'_>) -> Outcome {
    let sub = |token: &Token| token.claims.text("sub").map(str::to_owned);
    let of_client = |token: &&Token| {
        let name = token.claims.text("client_id").or_else(|| token.claims.text("azp"));
        name.is_some() && name == token.claims.text("sub")
    };
    let clients: Vec<String> = tokens.iter().filter(of_client).filter_map(sub).collect();
    let users: Vec<String> = tokens.iter().filter(|token| !of_client(token)).filter_map(sub).collect();
    if clients.is_empty() || users.is_empty() {
        return Outcome::not_applicable("it takes a token of a client and one of a user");
    }
    let same_form = |a: &str, b: &str| {
        let form = |text: &str| {
            (text.len(), text.chars().all(|c| c.is_ascii_digit()), text.matches('-').count() == 4 && text.len() == 36)
        };
        form(a) == form(b) && (form(a).1 || form(a).2)
    };
    if clients.iter().any(|client| users.iter().any(|user| same_form(client, user))) {
        return review("`sub` of clients and of users have one form: a client could be taken for a user.").into();
    }
    Outcome::passed("the forms differ")
}
