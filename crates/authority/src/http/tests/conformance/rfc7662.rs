//! Token Introspection.

use super::*;

/// RFC 7662 section 2.2: a token that is not active is described by nothing else.
#[tokio::test]
async fn of_a_dead_token_nothing_is_said_but_that() {
    let fixture = Fixture::start().await;
    let revoked = fixture.service_token().await;
    fixture.post_as_service("/revoke", &[("token", &revoked)]).await;
    for token in [revoked.as_str(), "x", "a.b.c", "prt_x"] {
        let answer = fixture.post_as_service("/introspect", &[("token", token)]).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, r#"{"active":false}"#), "{token}");
    }
}

/// RFC 7662 section 2.1: who asks is authenticated, asks by POST, and names a token.
#[tokio::test]
async fn nobody_tries_tokens_here_without_being_known() {
    let fixture = Fixture::start().await;
    let token = fixture.service_token().await;
    assert_eq!(fixture.post("/introspect", &[], &[("token", &token)]).await.error().0, 401);
    assert_eq!(fixture.get(&format!("/introspect?token={token}"), &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(fixture.post_as_service("/introspect", &[]).await.error(), (400, "invalid_request".into()));
    let hint = [("token", token.as_str()), ("token_type_hint", "refresh_token")];
    assert_eq!(fixture.post_as_service("/introspect", &hint).await.json()["active"], true, "a hint is only one");
}
