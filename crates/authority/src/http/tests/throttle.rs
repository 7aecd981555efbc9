//! Logins that fail again and again.

use std::net::SocketAddr;

use super::*;

impl Fixture {
    /// Tries a password from an address.
    async fn try_from(&self, address: [u8; 4], cookies: &str, username: &str, password: &str) -> Answer {
        let page = self.get(&authorize_path("app", &[]), &[]).await;
        let csrf = page.cookie("__Host-probity-csrf").unwrap();
        let mut form = page.form("login");
        form.insert("username".into(), username.into());
        form.insert("password".into(), password.into());
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri("/login")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(COOKIE, format!("__Host-probity-csrf={csrf}; {cookies}"))
            .header(ORIGIN, ISSUER)
            .extension(SocketAddr::from((address, 1_000)));
        self.send(request.body(Body::from(body)).unwrap()).await
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_whether_the_user_exists_or_not_and_nobody_is_locked_out() {
    let fixture = Fixture::start().await;
    let attacker = [192, 0, 2, 1];
    let first = fixture.try_from([198, 51, 100, 1], "", "alice", PASSWORD).await;
    let device = format!("__Host-probity-device={}", first.cookie("__Host-probity-device").unwrap());
    for username in ["alice", "nobody"] {
        for _ in 0..8 {
            let answer = fixture.try_from(attacker, "", username, "a wrong guess").await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{username}");
        }
        let answer = fixture.try_from(attacker, "", username, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{username}: not even the right one is looked at");
        assert!(answer.headers.contains_key("retry-after") && answer.cookie("__Host-probity-session").is_none());
    }
    let known = fixture.try_from(attacker, &device, "alice", PASSWORD).await;
    assert_eq!(known.status, StatusCode::SEE_OTHER, "her own browser, at the attacker's address");
    let elsewhere = fixture.try_from([203, 0, 113, 9], "", "alice", PASSWORD).await;
    assert_eq!(elsewhere.status, StatusCode::SEE_OTHER, "a new browser elsewhere");
    let foreign = fixture.try_from(attacker, &device, "nobody", "x").await;
    assert_eq!(foreign.status, StatusCode::TOO_MANY_REQUESTS, "the cookie is of no use for another account");
}
