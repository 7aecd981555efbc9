//! OpenID Connect Core 1.0.

use super::*;

/// OpenID Connect Core section 3.1.2.1: what an authority does not heed is still no error.
#[tokio::test]
async fn display_and_locales_are_no_errors() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let more = [
        ("scope", "openid"),
        ("display", "popup"),
        ("ui_locales", "fr-CA fr en"),
        ("claims_locales", "de"),
        ("acr_values", "urn:nobody:has:this"),
    ];
    assert!(parameter(&fixture.authorize(&session, &more).await.location(), "code").is_some(), "section 15.1");
}

/// OpenID Connect Core section 3.1.2.1: none together with another prompt is an error.
#[tokio::test]
async fn prompt_none_stands_alone() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let location = fixture.authorize(&session, &[("scope", "openid"), ("prompt", "none login")]).await.location();
    assert_eq!(parameter(&location, "error").as_deref(), Some("invalid_request"));
}

/// OpenID Connect Core section 3.1.2.6: with prompt none nobody sees a page.
#[tokio::test]
async fn prompt_none_answers_without_any_page() {
    let fixture = Fixture::with(|config| config.clients[1].policy.third_party = true).await;
    let session = fixture.log_in().await;
    let silent = [("scope", "openid"), ("prompt", "none")];
    assert!(parameter(&fixture.authorize(&session, &silent).await.location(), "code").is_some());
    let unknown = fixture.authorize("", &silent).await.location();
    assert_eq!(parameter(&unknown, "error").as_deref(), Some("login_required"));
    let path = authorize_path("other", &silent);
    let not_asked = fixture.get(&path, &[("cookie", &session)]).await.location();
    assert_eq!(parameter(&not_asked, "error").as_deref(), Some("consent_required"));
}

/// OpenID Connect Core section 3.1.2.2: without the scope openid there is no ID token.
#[tokio::test]
async fn an_id_token_comes_with_the_scope_openid_only() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let plain = fixture.redeem(&fixture.code_with(&session, &[("scope", "read")]).await).await;
    assert!(plain.json().get("id_token").is_none());
    let userinfo =
        fixture.get("/userinfo", &[("authorization", &format!("Bearer {}", plain.text("access_token")))]).await;
    assert_eq!(userinfo.error(), (403, "insufficient_scope".into()), "section 5.3: nor userinfo");
    let openid = fixture.redeem(&fixture.code_with(&session, &[("scope", "openid")]).await).await;
    assert!(openid.json()["id_token"].is_string());
}

/// OpenID Connect Core section 3.1.2.1: a nonce comes back unchanged.
#[tokio::test]
async fn a_nonce_comes_back_unchanged_and_is_not_invented() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    for nonce in ["n-0S6_WzA2Mj", "a b\"c\\ü"] {
        let more = [("scope", "openid"), ("nonce", nonce)];
        let answer = fixture.redeem(&fixture.code_with(&session, &more).await).await;
        assert_eq!(claims(&answer.text("id_token"))["nonce"], nonce);
    }
    let without = fixture.redeem(&fixture.code_with(&session, &[("scope", "openid")]).await).await;
    assert!(claims(&without.text("id_token")).get("nonce").is_none());
}

/// OpenID Connect Core section 5.3.2: the subject of userinfo is exactly the one of the ID token.
#[tokio::test]
async fn userinfo_names_the_subject_of_the_id_token() {
    let fixture = Fixture::start().await;
    let answer = fixture.redeem(&fixture.code_with(&fixture.log_in().await, &[("scope", "openid")]).await).await;
    let bearer = format!("Bearer {}", answer.text("access_token"));
    let userinfo = fixture.get("/userinfo", &[("authorization", &bearer)]).await;
    assert_eq!(userinfo.headers["content-type"], "application/json");
    assert_eq!(userinfo.json()["sub"], claims(&answer.text("id_token"))["sub"]);
}

/// OpenID Connect Core section 3.1.3.3: the type of the tokens is Bearer, and the ID token is for the client alone.
#[tokio::test]
async fn an_id_token_is_for_the_client_alone() {
    let fixture = Fixture::start().await;
    let answer = fixture.redeem(&fixture.code_with(&fixture.log_in().await, &[("scope", "openid")]).await).await;
    assert_eq!(answer.text("token_type"), "Bearer");
    let id_token = claims(&answer.text("id_token"));
    assert_eq!(id_token["aud"], "app", "section 2");
    assert!(id_token["exp"].as_u64() > id_token["iat"].as_u64());
    assert!(id_token["sub"].as_str().unwrap().len() <= 255);
    let bearer = format!("Bearer {}", answer.text("id_token"));
    assert_eq!(fixture.get("/userinfo", &[("authorization", &bearer)]).await.error().0, 401, "it is no access token");
}
