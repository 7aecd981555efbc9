//! CLM-20: Client or tenant identity is not bound.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-20",
    title: "Client or tenant identity is not bound",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 9068 2.2; RFC 9700 4.15; ASVS 8.4.1; CWE-863",
    why: "A service of several clients or tenants must know from the token for whom it was issued.",
    fix: "Put `client_id`, and the tenant where there are several, into the token and check them.",
    bad: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"iss":"https://login.example","sub":"alice","aud":["https://a.example","https://b.example"]}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256","typ":"at+jwt"}
{"iss":"https://login.example","sub":"alice","aud":["https://a.example","https://b.example"],"client_id":"web"}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    if token.kind() != Kind::Access || token.encrypted {
        return Outcome::not_applicable("not a readable access token");
    }
    let names = ["client_id", "azp", "cid", "appid", "tid", "tenant", "tenant_id", "org_id"];
    if names.iter().any(|name| token.claim(name).is_some()) {
        return Outcome::pass();
    }
    let several = token.audiences().len() > 1;
    let profile = token.header.text("typ").is_some_and(|typ| typ.ends_with("at+jwt"));
    if several || profile {
        return review("The token does not name the client or tenant that it was issued to.").into();
    }
    Outcome::not_applicable("nothing shows that there are several clients or tenants")
}
