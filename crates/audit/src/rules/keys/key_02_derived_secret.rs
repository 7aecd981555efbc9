//! KEY-02: HMAC secret is derived from the context.

use crate::rules::prelude::*;
use crate::secrets::{Search, derived};
use crate::words::count;

pub(super) static RULE: Rule = Rule {
    id: "KEY-02",
    title: "HMAC secret is derived from the context",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "RFC 8725 3.5; CWE-1391",
    why: "A secret made of the product's name and a year is found in a second.",
    fix: "Take 32 random bytes as the secret, and treat every token of the old one as forged.",
    bad: Example::tokens(
        r#"{"alg":"HS256","@secret":"acme-secret"}
{"iss":"https://login.acme.example","sub":"a"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"HS256","@secret":"8Zz5tw0Ionm3XPZZfN0NOml3z9FMfmpgXwovR9fp6ryDIoGRM8EPHAB6iHsc0fb"}
{"iss":"https://login.acme.example","sub":"a"}"#,
    ),
    checks: &[Check::Tokens(check)],
};

fn check(tokens: &[Token], setting: &Setting<'_>) -> Outcome {
    let search = Search::new(tokens);
    if search.is_empty() {
        return Outcome::not_applicable("no token is signed by HMAC");
    }
    let year = 1970 + setting.now / 31_556_952;
    let mut tried = 0;
    for token in tokens.iter().filter(|token| token.is_hmac()).take(MAX_TOKENS) {
        for (candidate, rule) in derived(token, year) {
            tried += 1;
            if let Some(at) = search.try_secret(candidate.as_bytes()) {
                let place = tokens.get(at).map(|token| token.place.clone()).unwrap_or_default();
                return fail("The HMAC secret follows from names in the token: anyone can sign tokens.")
                    .proof(Proof::ProvenOffline)
                    .fact("secret", crate::redact::secret(candidate.as_bytes(), setting.policy.show_secrets))
                    .fact("rule", rule)
                    .at(place)
                    .into();
            }
        }
    }
    Outcome::passed(format!("not among {} candidates", count(tried)))
}

/// Names repeat from token to token.
const MAX_TOKENS: usize = 4;
