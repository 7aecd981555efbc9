//! KM-05: use/key_ops absent or contradictory.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-05",
    title: "use/key_ops absent or contradictory",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "RFC 7517 4.2, 4.3; CWE-668",
    why: "A key that does not say what it is for is used for everything.",
    fix: "Set `use` on each key.",
    bad: Example::key_sets(
        r#"{"kty":"EC","kid":"k","crv":"P-256","use":"sig","key_ops":["encrypt"],"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    ),
    good: Example::key_sets(
        r#"{"kty":"EC","kid":"k","crv":"P-256","use":"sig","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    ),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    let operations = key.json.get("key_ops").map(Json::strings);
    match (key.usage(), operations) {
        (None, None) if key.alg().is_none() => fail(format!("{} does not say what it is for.", key.name())).into(),
        // RFC 7517 section 4.3: together they must agree.
        (Some("sig"), Some(operations)) if operations.iter().any(|one| !matches!(*one, "sign" | "verify")) => {
            fail(format!("{} is for signatures, and its operations say otherwise.", key.name()))
                .fact("key_ops", operations.join(", "))
                .into()
        }
        (Some("enc"), Some(operations)) if operations.iter().any(|one| matches!(*one, "sign" | "verify")) => {
            fail(format!("{} is for encryption, and its operations say otherwise.", key.name()))
                .fact("key_ops", operations.join(", "))
                .into()
        }
        _ => Outcome::pass(),
    }
}
