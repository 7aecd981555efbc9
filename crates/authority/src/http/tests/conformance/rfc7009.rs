//! Token Revocation.

use super::*;

/// RFC 7009 section 2.1: a wrong or unknown hint hides no token.
#[tokio::test]
async fn a_wrong_hint_does_not_keep_a_token_alive() {
    let fixture = Fixture::start().await;
    for hint in ["refresh_token", "access_token", "nonsense"] {
        let token = fixture.service_token().await;
        let answer = fixture.post_as_service("/revoke", &[("token", &token), ("token_type_hint", hint)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{hint}");
        assert!(!fixture.is_active(&token).await, "{hint}");
    }
}

/// RFC 7009 section 2.1: the client authenticates itself before anything is revoked.
#[tokio::test]
async fn whoever_does_not_authenticate_revokes_nothing() {
    let fixture = Fixture::start().await;
    let token = fixture.service_token().await;
    for form in [vec![], vec![("client_id", "service")], vec![("client_id", "service"), ("client_secret", "wrong")]] {
        let form = [&form[..], &[("token", token.as_str())]].concat();
        assert_eq!(fixture.post("/revoke", &[], &form).await.error(), (401, "invalid_client".into()));
    }
    assert_eq!(fixture.post_as_service("/revoke", &[]).await.error(), (400, "invalid_request".into()));
    assert_eq!(fixture.get(&format!("/revoke?token={token}"), &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(fixture.is_active(&token).await);
}

/// RFC 7009 section 2.1: with a refresh token the access tokens of its grant die.
#[tokio::test]
async fn the_access_tokens_of_a_revoked_refresh_token_are_dead() {
    let fixture = Fixture::start().await;
    let first = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    let second = fixture.refresh(&first.text("refresh_token")).await;
    let form = [("client_id", "app"), ("token", &second.text("refresh_token"))];
    assert_eq!(fixture.post("/revoke", &[], &form).await.status, StatusCode::OK);
    for answer in [&first, &second] {
        assert!(!fixture.is_active(&answer.text("access_token")).await);
    }
}
