//! `POST /revoke`.

use super::*;

/// RFC 7009 section 2.1: a client revokes its own tokens.
#[tokio::test]
async fn a_client_revokes_its_own_access_token_and_no_other() {
    let fixture = Fixture::start().await;
    let (dead, alive) = (fixture.service_token().await, fixture.service_token().await);
    let answer = fixture.post_as_service("/revoke", &[("token", &dead)]).await;
    assert_eq!((answer.status, answer.text("level").as_str()), (StatusCode::OK, "durable"), "{answer:?}");
    assert!(!fixture.is_active(&dead).await && fixture.is_active(&alive).await);
    let enforced = fixture.post_as_service("/revoke", &[("token", &alive), ("level", "enforced")]).await;
    assert_eq!(enforced.text("level"), "enforced");
    assert_eq!(enforced.json()["guards"], serde_json::json!({"enforcing": 0, "expired": []}));
    assert!(!fixture.is_active(&alive).await);
}

/// RFC 7009 section 2.1: revoking a refresh token ends its grant.
#[tokio::test]
async fn revoking_a_refresh_token_kills_its_family_and_may_be_repeated() {
    let fixture = Fixture::start().await;
    let tokens = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    let form = [("token", tokens.text("refresh_token")), ("client_id", "app".into())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    for _ in 0..2 {
        let answer = fixture.post("/revoke", &[], &form).await;
        assert_eq!((answer.status, answer.text("level").as_str()), (StatusCode::OK, "durable"));
    }
    assert!(!fixture.is_active(&tokens.text("access_token")).await);
    assert_eq!(fixture.refresh(&tokens.text("refresh_token")).await.error(), (400, "invalid_grant".into()));
}

/// RFC 7009 section 2.2: an unknown token is no error, another client's is refused.
#[tokio::test]
async fn another_clients_token_is_not_revoked_and_an_unknown_one_is_as_good_as_revoked() {
    let fixture = Fixture::start().await;
    let tokens = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    let before = fixture.rows();
    for token in [tokens.text("access_token"), tokens.text("refresh_token")] {
        let answer = fixture.post_as_service("/revoke", &[("token", &token)]).await;
        assert_eq!(answer.error(), (400, "unauthorized_client".into()));
    }
    for token in ["garbage", "e30.e30.AAAA", "prt_garbage"] {
        let answer = fixture.post_as_service("/revoke", &[("token", token)]).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "{}"));
    }
    for (form, error) in [(vec![], "invalid_request"), (vec![("token", "x"), ("level", "maybe")], "invalid_request")] {
        assert_eq!(fixture.post_as_service("/revoke", &form).await.error(), (400, error.to_owned()));
    }
    assert_eq!(fixture.post("/revoke", &[], &[("token", "x")]).await.error(), (401, "invalid_client".into()));
    assert_eq!(fixture.rows(), before);
    assert!(fixture.is_active(&tokens.text("access_token")).await);
}
