//! KEY-01: HMAC secret is publicly known.

use crate::rules::prelude::*;
use crate::secrets::{Hit, Search, known_secrets};
use crate::words::count;

pub(super) static RULE: Rule = Rule {
    id: "KEY-01",
    title: "HMAC secret is publicly known",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "RFC 8725 3.5; RFC 7518 3.2; API2:2023; WSTG-SESS-10; ASVS 13.2.3; CWE-1391; CWE-798",
    why: "Whoever knows the secret signs tokens for any user. This one is printed in public, or in a list that attackers use.",
    fix: "Take 32 random bytes as the secret, and treat every token of the old one as forged.",
    bad: Example::tokens(
        r#"{"alg":"HS256","typ":"JWT","@secret":"your-256-bit-secret"}
{"sub":"1234567890","name":"John Doe","iat":1516239022}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"HS256","typ":"JWT","@secret":"8Zz5tw0Ionm3XPZZfN0NOml3z9FMfmpgXwovR9fp6ryDIoGRM8EPHAB6iHsc0fb"}
{"sub":"1234567890","name":"John Doe","iat":1516239022}"#,
    ),
    checks: &[Check::Tokens(check)],
};

fn check(tokens: &[Token], setting: &Setting<'_>) -> Outcome {
    let search = Search::new(tokens);
    if search.is_empty() {
        return Outcome::not_applicable("no token is signed by HMAC");
    }
    let found = |hit: &Hit, source: &str| {
        let place = tokens.get(hit.token).map(|token| token.place.clone()).unwrap_or_default();
        fail("The HMAC secret is publicly known: anyone can sign tokens.")
            .proof(Proof::ProvenOffline)
            .fact("secret", crate::redact::secret(&hit.secret, setting.policy.show_secrets))
            .fact("known from", format!("{source}, {}", hit.encoding.name()))
            .at(place)
    };
    let mut tried = 0;
    for known in known_secrets() {
        tried += 1;
        let hit = if known.is_text {
            search.try_text_and_newline(&known.bytes)
        } else {
            search.try_secret(&known.bytes).map(|token| Hit {
                secret: known.bytes.clone(),
                encoding: crate::secrets::Encoding::Text,
                token,
            })
        };
        if let Some(hit) = hit {
            return found(&hit, known.source).into();
        }
    }
    for list in setting.wordlists {
        let quiet = |_| {};
        match list.search(&search, setting.progress.unwrap_or(&quiet)) {
            Ok((Some(hit), _)) => return found(&hit, &list.name()).into(),
            Ok((None, more)) => tried += more,
            Err(error) => return Outcome::inconclusive(format!("{}: {error}", list.name())),
        }
    }
    Outcome::passed(format!("not among {} candidates, each also decoded from base64, base64url and hex", count(tried)))
}
