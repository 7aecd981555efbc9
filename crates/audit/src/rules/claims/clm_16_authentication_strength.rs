//! CLM-16: Authentication strength or recency is not proved.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-16",
    title: "Authentication strength or recency is not proved",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "ASVS 10.3.4, 7.5.1; RFC 9470; CWE-308",
    why: "Where a policy asks for a strong or a recent login, the token must prove it: `acr`, `amr`, `auth_time`.",
    fix: "Put `acr`, `amr` and `auth_time` into the token, and ask for a stronger login where needed (RFC 9470).",
    bad: Example::tokens(
        r#"{"alg":"ES256"}
{"sub":"alice","nonce":"x","acr":"urn:example:silver"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256"}
{"sub":"alice","nonce":"x","acr":"urn:example:silver","auth_time":1700000000,"amr":["pwd","otp"]}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, setting: &Setting<'_>) -> Outcome {
    let user = matches!(token.kind(), Kind::Access | Kind::Id) && !token.encrypted;
    // Asked for by the operator's assurance level, or begun by the token itself.
    let asked = setting.policy.assurance_level.is_some() || token.claim("acr").is_some();
    if !user || !asked {
        return Outcome::not_applicable("no assurance level was asked for (--aal)");
    }
    let missing: Vec<&str> = ["auth_time", "amr"].into_iter().filter(|name| token.claim(name).is_none()).collect();
    if missing.is_empty() {
        return Outcome::pass();
    }
    review(format!("Strength or time of the login is not proved: {} missing.", missing.join(" and "))).into()
}
