//! SIG-20: HMAC used across a trust boundary.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-20",
    title: "HMAC used across a trust boundary",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "OWASP JWT cheat sheet; ASVS 11.1.1; CWE-522",
    why: "Everyone who can verify an HMAC can also make one: each audience could forge tokens for all others.",
    fix: "Sign with a private key, or use one secret for each pair of issuer and audience.",
    bad: Example::tokens(
        r#"{"alg":"HS256"}
{"iss":"https://login.example","aud":["https://api.example","https://pay.example"]}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256"}
{"iss":"https://login.example","aud":["https://api.example","https://pay.example"]}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, setting: &Setting<'_>) -> Outcome {
    if !token.is_hmac() {
        return Outcome::pass();
    }
    let host = |text: &str| url::Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned));
    let issuer = token.issuer().and_then(host);
    let audiences = token.audiences();
    let elsewhere =
        audiences.iter().any(|audience| issuer.is_some() && host(audience).is_some_and(|host| Some(host) != issuer));
    let claim = if audiences.len() > 1 {
        "One secret signs for several audiences: each can forge for the others."
    } else if elsewhere {
        "Issuer and audience are different hosts that share one secret: the audience can forge tokens."
    } else if setting.evidence.keys().any(|key| key.kty() != "oct") {
        "The issuer publishes public keys, but this token is signed with a shared secret."
    } else {
        return Outcome::passed("issuer and audience look like one party");
    };
    review(claim)
        .fact("alg", token.alg())
        .fact("iss", token.issuer().unwrap_or("-"))
        .fact("aud", audiences.join(", "))
        .into()
}
