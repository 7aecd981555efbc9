//! Resource indicators: RFC 8707.

use super::*;
use serde_json::json;

const OTHER: &str = "https://other.example/api";

async fn fixture() -> Fixture {
    Fixture::with(|config| {
        for client in &mut config.clients {
            client.policy.resources = vec![OTHER.into()];
        }
    })
    .await
}

async fn own(fixture: &Fixture, resources: &[&str]) -> Answer {
    let form: Vec<_> = resources.iter().map(|resource| ("resource", *resource)).collect();
    fixture.post_as_service("/token", &[&form[..], &[("grant_type", "client_credentials")]].concat()).await
}

/// RFC 8707 section 2.2: a token is for the resources that were named.
#[tokio::test]
async fn section_2_2_a_client_names_where_its_own_token_is_to_be_good() {
    let fixture = fixture().await;
    for (resources, audience) in
        [(vec![], json!(AUDIENCE)), (vec![OTHER], json!(OTHER)), (vec![OTHER, AUDIENCE], json!([OTHER, AUDIENCE]))]
    {
        assert_eq!(claims(&own(&fixture, &resources).await.text("access_token"))["aud"], audience);
    }
    for resources in [vec!["https://elsewhere.example"], vec![OTHER, "https://elsewhere.example"], vec!["api"]] {
        assert_eq!(own(&fixture, &resources).await.error(), (400, "invalid_target".into()), "{resources:?}");
    }
    assert_eq!(own(&fixture, &["https://other.example/api#x"]).await.error(), (400, "invalid_target".into()));
}

/// RFC 8707 section 2.1: what was asked for with the code can only be narrowed.
#[tokio::test]
async fn section_2_1_what_is_asked_for_with_the_code_is_granted_and_can_only_be_narrowed() {
    let fixture = fixture().await;
    let session = fixture.log_in().await;
    let grant = async |resources: &[&str]| {
        let path =
            resources.iter().fold(authorize_path("app", &[]), |path, resource| format!("{path}&resource={resource}"));
        let location = fixture.get(&path, &[("cookie", &session)]).await.location();
        parameter(&location, "code").ok_or(parameter(&location, "error"))
    };
    let redeem = async |code: &str, resource: &[(&str, &str)]| {
        let form =
            [("grant_type", "authorization_code"), ("client_id", "app"), ("code", code), ("code_verifier", VERIFIER)];
        fixture.post("/token", &[], &[&form[..], resource].concat()).await
    };
    let refresh = async |token: &str, resource: &[(&str, &str)]| {
        let form = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", token)];
        fixture.post("/token", &[], &[&form[..], resource].concat()).await
    };
    let audience = |answer: &Answer| claims(&answer.text("access_token"))["aud"].clone();
    let both = redeem(&grant(&[AUDIENCE, OTHER]).await.unwrap(), &[]).await;
    assert_eq!(audience(&both), json!([AUDIENCE, OTHER]));
    let narrowed = refresh(&both.text("refresh_token"), &[("resource", OTHER)]).await;
    assert_eq!(audience(&narrowed), json!(OTHER));
    let whole = refresh(&narrowed.text("refresh_token"), &[]).await;
    assert_eq!(audience(&whole), json!([AUDIENCE, OTHER]), "narrowing a token does not narrow the grant");
    let code = grant(&[OTHER]).await.unwrap();
    assert_eq!(redeem(&code, &[("resource", AUDIENCE)]).await.error(), (400, "invalid_target".into()));
    assert_eq!(audience(&redeem(&code, &[("resource", OTHER)]).await), json!(OTHER), "the code is none the worse");
    let code = grant(&[]).await.unwrap();
    assert_eq!(redeem(&code, &[("resource", OTHER)]).await.error(), (400, "invalid_target".into()));
    assert_eq!(grant(&["https://elsewhere.example"]).await, Err(Some("invalid_target".into())));
}
