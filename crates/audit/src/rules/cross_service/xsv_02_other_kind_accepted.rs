//! XSV-02: Refresh, logout, assertion or DPoP JWT accepted as access token.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "XSV-02",
    title: "Refresh, logout, assertion or DPoP JWT accepted as access token",
    tier: Tier::SigningKey,
    severity: Severity::High,
    references: "8725bis 3.11, 3.12; ASVS 9.2.2; CWE-345",
    why: "Tokens of one issuer are signed by one key: only their type and claims tell them apart.",
    fix: "Require the type of an access token.",
    bad: Example::behaviour("A refresh or logout token is accepted as an access token."),
    good: Example::behaviour("The type is required."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    let given = scene.must_refuse(&[
        ("refresh", "a refresh token"),
        ("logout", "a logout token"),
        ("assertion", "a client assertion"),
        ("dpop-proof", "a DPoP proof"),
    ]);
    // Where tokens are not typed, a made-up one differs from a good one in nothing that the endpoint could see.
    let typed = scene.valid.header.text("typ").is_some_and(|typ| typ.to_ascii_lowercase().ends_with("at+jwt"));
    if !matches!(given, Plan::Skip(_)) || scene.signer().is_none() || !typed {
        return given;
    }
    let events =
        Json::Object(vec![("http://schemas.openid.net/event/backchannel-logout".to_owned(), Json::Object(Vec::new()))]);
    scene.signed(|forge| {
        let logout = forge.claims_json().with("events", events);
        vec![
            forge.token("a logout token", &forge.header().with("typ", "logout+jwt".into()), &logout),
            forge.token(
                "a DPoP proof",
                &forge.header().with("typ", "dpop+jwt".into()),
                &forge.claims_json().with("htm", "GET".into()).with("htu", scene.url().into()),
            ),
            forge.token(
                "a client assertion",
                &forge.header().with("typ", "client-authentication+jwt".into()),
                &forge.claims_json(),
            ),
        ]
    })
}
