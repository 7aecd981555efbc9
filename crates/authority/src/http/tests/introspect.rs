//! `POST /introspect`.

use super::*;

#[tokio::test]
async fn a_live_token_is_described_and_everything_else_is_just_inactive() {
    let fixture = Fixture::start().await;
    let tokens = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    let access = tokens.text("access_token");
    let answer = fixture.post_as_service("/introspect", &[("token", &access)]).await.json();
    let said = claims(&access);
    for name in ["iss", "sub", "client_id", "scope", "jti", "exp", "iat", "sid"] {
        assert_eq!(answer[name], said[name], "{name}");
    }
    assert_eq!((&answer["active"], &answer["aud"]), (&true.into(), &AUDIENCE.into()));
    // The ID token is no access token, the refresh token is another client's, a changed token is nobody's.
    let changed = format!("{access}A");
    for token in [&tokens.text("id_token"), &tokens.text("refresh_token"), &changed, "x", "a.b.c"] {
        let answer = fixture.post_as_service("/introspect", &[("token", token)]).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "{\"active\":false}"), "{token}");
    }
}

#[tokio::test]
async fn only_a_client_with_a_secret_may_ask() {
    let fixture = Fixture::start().await;
    for form in [vec![("token", "x")], vec![("token", "x"), ("client_id", "app")]] {
        assert_eq!(fixture.post("/introspect", &[], &form).await.error(), (401, "invalid_client".into()));
    }
    assert_eq!(fixture.post_as_service("/introspect", &[]).await.error(), (400, "invalid_request".into()));
}
