//! Token exchange: RFC 8693.

use super::*;
use serde_json::json;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const NEXT: &str = "https://next.example";

impl Fixture {
    /// With `service` as the service that `app` calls, which calls another one.
    async fn with_exchange() -> Self {
        Self::with(|config| {
            let service = &mut config.clients[2];
            service.grant_types.push(GrantType::TokenExchange);
            service.policy.exchanges_tokens_for = vec![AUDIENCE.into()];
            service.policy.resources = vec![NEXT.into()];
            config.clients[0].grant_types.push(GrantType::TokenExchange);
        })
        .await
    }

    async fn exchange(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let form = [("grant_type", GRANT), ("subject_token", token), ("subject_token_type", ACCESS_TOKEN)];
        self.post_as_service("/token", &[&form[..], more].concat()).await
    }

    async fn users_token(&self) -> String {
        self.redeem(&self.code_with(&self.log_in().await, &[("scope", "openid read write")]).await)
            .await
            .text("access_token")
    }
}

/// RFC 8693 section 2: a token is exchanged for a narrower one.
#[tokio::test]
async fn section_2_a_service_gets_a_narrower_token_for_the_next_one_and_stands_in_it_as_the_actor() {
    let fixture = Fixture::with_exchange().await;
    let token = fixture.users_token().await;
    let answer = fixture.exchange(&token, &[("audience", NEXT), ("scope", "read")]).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(
        (answer.text("issued_token_type").as_str(), answer.text("token_type").as_str()),
        (ACCESS_TOKEN, "Bearer")
    );
    assert!(answer.json().get("refresh_token").is_none());
    let (before, after) = (claims(&token), claims(&answer.text("access_token")));
    for same in ["sub", "sid", "family", "auth_time", "amr", "status"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(
        (&after["aud"], &after["scope"], &after["client_id"]),
        (&json!(NEXT), &json!("read"), &json!("service"))
    );
    assert_eq!(after["act"], json!({"sub": "service"}));
    assert!(after["exp"].as_u64() <= before["exp"].as_u64());
    assert!(fixture.is_active(&answer.text("access_token")).await);
}

#[tokio::test]
async fn what_was_exchanged_dies_with_the_grant_and_the_session_that_it_came_from() {
    let fixture = Fixture::with_exchange().await;
    let admin = fixture.admin_token().await;
    for level in ["family", "session"] {
        let token = fixture.users_token().await;
        let exchanged = fixture.exchange(&token, &[]).await.text("access_token");
        let claim = claims(&token)[if level == "session" { "sid" } else { level }].clone();
        let order = json!({ level: claim, "level": "durable" });
        assert_eq!(fixture.admin(Method::POST, "revocations", &admin, &order).await.status, StatusCode::OK);
        assert!(!fixture.is_active(&exchanged).await, "{level}");
        assert_eq!(fixture.exchange(&token, &[]).await.error(), (400, "invalid_request".into()), "{level}");
    }
}

/// RFC 8693 section 2.2.2: what can't be exchanged gets its error.
#[tokio::test]
async fn section_2_2_2_what_can_not_be_exchanged_is_refused() {
    let fixture = Fixture::with_exchange().await;
    let token = fixture.users_token().await;
    for (more, error) in [
        (("scope", "openid"), "invalid_scope"),
        (("scope", "probity:admin"), "invalid_scope"),
        (("audience", "https://elsewhere.example"), "invalid_target"),
        (("resource", "https://elsewhere.example"), "invalid_target"),
        (("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), "invalid_request"),
        (("actor_token", "x"), "invalid_request"),
        (("actor_token_type", ACCESS_TOKEN), "invalid_request"),
    ] {
        assert_eq!(fixture.exchange(&token, &[more]).await.error(), (400, error.to_owned()), "{more:?}");
    }
    assert_eq!(fixture.exchange("x", &[]).await.error(), (400, "invalid_request".into()));
    let saml = [
        ("grant_type", GRANT),
        ("subject_token", token.as_str()),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:saml2"),
    ];
    assert_eq!(fixture.post_as_service("/token", &saml).await.error(), (400, "invalid_request".into()));
    let by_app = [&saml[..2], &[("subject_token_type", ACCESS_TOKEN), ("client_id", "app")]].concat();
    assert_eq!(fixture.post("/token", &[], &by_app).await.error(), (400, "unauthorized_client".into()), "public");
    // A token for the administration is nobody's business here.
    let admin = fixture.admin_token().await;
    assert_eq!(fixture.exchange(&admin, &[]).await.error(), (400, "invalid_request".into()));
}

/// RFC 8693 section 4.1: act names who acts.
#[tokio::test]
async fn section_4_1_an_actors_token_names_who_acts() {
    let fixture = Fixture::with_exchange().await;
    let (token, own) = (fixture.users_token().await, fixture.service_token().await);
    let more = [("actor_token", own.as_str()), ("actor_token_type", ACCESS_TOKEN)];
    let answer = fixture.exchange(&token, &more).await;
    assert_eq!(claims(&answer.text("access_token"))["act"], json!({"sub": "service"}));
    let foreign = [("actor_token", token.as_str()), ("actor_token_type", ACCESS_TOKEN)];
    assert_eq!(fixture.exchange(&token, &foreign).await.error(), (400, "invalid_request".into()));
}
