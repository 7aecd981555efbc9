//! KEY-03: HMAC secret falls to a bounded brute force.

use crate::rules::prelude::*;
use crate::secrets::Search;
use crate::words::count;

pub(super) static RULE: Rule = Rule {
    id: "KEY-03",
    title: "HMAC secret falls to a bounded brute force",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "RFC 8725 3.5; CWE-331",
    why: "A short secret falls to trying them all, at millions a second, without anybody noticing.",
    fix: "Take 32 random bytes as the secret.",
    bad: Example::tokens(
        r#"{"alg":"HS256","@secret":"k2"}
{"sub":"a"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"HS256","@secret":"8Zz5tw0Ionm3XPZZfN0NOml3z9FMfmpgXwovR9fp6ryDIoGRM8EPHAB6iHsc0fb"}
{"sub":"a"}"#,
    ),
    checks: &[Check::Tokens(check)],
};

fn check(tokens: &[Token], setting: &Setting<'_>) -> Outcome {
    let search = Search::new(tokens);
    if search.is_empty() {
        return Outcome::not_applicable("no token is signed by HMAC");
    }
    // Up to two characters always; more on request (--brute-force).
    let length = setting.policy.brute_force_length.max(2);
    let (hit, tried) = search.try_all_short(length);
    match hit {
        Some(hit) => fail("The HMAC secret was found by trying all short ones: anyone can sign tokens.")
            .proof(Proof::ProvenOffline)
            .fact("secret", crate::redact::secret(&hit.secret, setting.policy.show_secrets))
            .fact("candidates", count(tried))
            .at(tokens.get(hit.token).map(|token| token.place.clone()).unwrap_or_default())
            .into(),
        None => Outcome::passed(format!(
            "none of the {} texts of up to {length} letters and digits (--brute-force for more)",
            count(tried)
        )),
    }
}
