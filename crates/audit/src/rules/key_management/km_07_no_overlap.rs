//! KM-07: No overlap at rotation.

use crate::evidence::histories;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-07",
    title: "No overlap at rotation",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "OIDC Core 10.1.1; ASVS 11.1.1; CWE-324",
    why: "A key that vanishes takes all tokens with it that were signed by it; one that appears late makes new ones fail.",
    fix: "Publish a key before its first use, and keep it until its last token has expired.",
    bad: Example::key_sets(
        r#"# https://issuer.example/jwks.json 1700000000
{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
# https://issuer.example/jwks.json 1700003600
{"kty":"OKP","crv":"Ed25519","kid":"l","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"}"#,
    ),
    good: Example::key_sets(
        r#"# https://issuer.example/jwks.json 1700000000
{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
# https://issuer.example/jwks.json 1700003600
{"keys":[{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},{"kty":"OKP","crv":"Ed25519","kid":"l","x":"VqpIlPJ5zZzMzKz7NnVqGkQ6v0qYkYlZ0yY5pZ5c5m8"}]}"#,
    ),
    checks: &[Check::KeySets(check)],
};

fn check(sets: &[KeySet], setting: &Setting<'_>) -> Outcome {
    let histories = histories(sets);
    if histories.is_empty() {
        return Outcome::not_tested("it takes the same key set at two times (--history FILE)");
    }
    let mut findings = Vec::new();
    for history in histories {
        for pair in history.windows(2) {
            let [before, after] = pair else { continue };
            let prints = |set: &KeySet| set.keys.iter().filter_map(Key::thumbprint).collect::<Vec<_>>();
            let (old, new) = (prints(before), prints(after));
            if !old.is_empty() && !new.is_empty() && !new.iter().any(|print| old.contains(print)) {
                findings.push(
                    fail("All keys were replaced at once: tokens of the old ones stopped working.")
                        .at(after.place.clone()),
                );
            }
        }
        let newest = history.last();
        for token in
            setting.evidence.tokens.iter().filter(|token| token.time("exp").is_some_and(|exp| exp > setting.now))
        {
            let Some(kid) = token.kid().filter(|_| !token.is_hmac() && !token.encrypted) else { continue };
            let known = |set: &KeySet| set.keys.iter().any(|key| key.kid() == Some(kid));
            if newest.is_some_and(|set| !known(set)) && history.iter().any(|set| known(set)) {
                findings.push(
                    fail(format!("The key {kid} was withdrawn while a token of it is still alive."))
                        .at(token.place.clone()),
                );
            }
        }
    }
    Outcome::of(findings)
}
