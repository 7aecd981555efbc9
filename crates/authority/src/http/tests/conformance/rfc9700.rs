//! Best Current Practice for OAuth 2.0 Security.

use super::*;

/// RFC 9700 section 2.1: redirect URIs are compared exactly, but for the port of a loopback address.
#[tokio::test]
async fn only_the_port_of_a_loopback_address_may_differ() {
    const NATIVE: &str = "http://127.0.0.1/cb";
    let fixture = Fixture::with(|config| config.clients[0].redirect_uris.push(NATIVE.into())).await;
    let session = fixture.log_in().await;
    let answer = fixture.authorize(&session, &[("redirect_uri", "http://127.0.0.1:51004/cb")]).await;
    assert!(answer.location().as_str().starts_with("http://127.0.0.1:51004/cb?"));
    for uri in ["https://app.example/cb/", "https://app.example:444/cb", "http://127.0.0.1:51004/other"] {
        let answer = fixture.authorize(&session, &[("redirect_uri", uri)]).await;
        assert_eq!((answer.status, answer.headers.get(LOCATION)), (StatusCode::BAD_REQUEST, None), "{uri}");
    }
}

/// RFC 9700 section 2.1.2: no tokens in authorization responses.
#[tokio::test]
async fn no_response_type_brings_a_token_through_the_browser() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    for kind in ["token", "id_token", "id_token token", "code token", "code id_token", "none"] {
        let location = fixture.authorize(&session, &[("response_type", kind), ("nonce", "n")]).await.location();
        assert_eq!(parameter(&location, "error").as_deref(), Some("unsupported_response_type"), "{kind}");
        assert!(location.fragment().is_none() && !location.as_str().contains("token="), "{location}");
    }
    assert_eq!(fixture.discovery().await["response_types_supported"], serde_json::json!(["code"]));
}

/// RFC 9700 section 2.4: no password grant.
#[tokio::test]
async fn a_users_password_buys_no_token() {
    let fixture = Fixture::start().await;
    let form = [("grant_type", "password"), ("username", "alice"), ("password", PASSWORD)];
    assert_eq!(fixture.post_as_service("/token", &form).await.error(), (400, "unsupported_grant_type".into()));
}

/// RFC 9700 section 2.1.1: a verifier that no challenge asked for is no way around the challenge.
#[tokio::test]
async fn a_code_is_redeemed_with_the_verifier_of_its_own_request_only() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let other =
        probity_jose::base64url::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &[b'x'; 43]).as_ref());
    let injected = fixture.code_with(&session, &[("code_challenge", &other)]).await;
    assert_eq!(fixture.redeem(&injected).await.error(), (400, "invalid_grant".into()));
}

/// RFC 9700 section 4.12: a form with credentials is answered by 303, so that the browser does not send them on.
#[tokio::test]
async fn credentials_are_not_sent_on_by_the_redirect() {
    let fixture = Fixture::start().await;
    let page = fixture.get(&authorize_path("app", &[]), &[]).await;
    let (answer, session) = fixture.submit_login(&page, PASSWORD, "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(fixture.authorize(&session, &[]).await.status, StatusCode::SEE_OTHER);
}

/// RFC 9700 section 4.16: no other site shows our pages in a frame.
#[tokio::test]
async fn no_page_can_be_framed() {
    let fixture = Fixture::start().await;
    for path in [authorize_path("app", &[]), authorize_path("nobody", &[]), "/device".into(), "/logout".into()] {
        let answer = fixture.get(&path, &[]).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
    }
}

/// RFC 9700 section 4.2.4: neither codes nor states leave by the Referer of our pages.
#[tokio::test]
async fn our_pages_send_no_referrer_to_other_sites() {
    let fixture = Fixture::start().await;
    let answer = fixture.get(&authorize_path("app", &[]), &[]).await;
    assert_eq!(answer.headers["referrer-policy"], "same-origin");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

/// RFC 9700 section 4.14: a refresh token of a public client is good once.
#[tokio::test]
async fn an_old_refresh_token_ends_the_grant() {
    let fixture = Fixture::start().await;
    let first = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await.text("refresh_token");
    let second = fixture.refresh(&first).await.text("refresh_token");
    let third = fixture.refresh(&second).await.text("refresh_token");
    assert_eq!(fixture.refresh(&first).await.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.refresh(&third).await.error(), (400, "invalid_grant".into()), "the thief's and the victim's");
}

/// RFC 9700 section 4.11.2: a request that can't be trusted is not answered at the address that it names.
#[tokio::test]
async fn this_server_is_no_open_redirector() {
    let fixture = Fixture::start().await;
    for path in [
        authorize_path("app", &[("redirect_uri", "https://evil.example/")]),
        authorize_path("nobody", &[("redirect_uri", "https://evil.example/")]),
        "/logout?post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F".to_owned(),
    ] {
        let answer = fixture.get(&path, &[]).await;
        assert!(answer.headers.get(LOCATION).is_none(), "{path}");
        assert!(answer.status.is_client_error(), "{path}");
    }
}
