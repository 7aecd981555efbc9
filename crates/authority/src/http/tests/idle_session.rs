//! Sessions that nobody uses.

use super::*;

/// Seconds; not the default.
const IDLE: i64 = 1_000;

impl Fixture {
    async fn with_idle_limit() -> Self {
        Self::with(|config| config.lifetimes.idle = IDLE.unsigned_abs()).await
    }

    fn sessions(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("probity.db")).unwrap()
    }

    /// Login, end when it is not used, and latest end of the only session.
    fn times(&self) -> [i64; 3] {
        let read = |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?]);
        self.sessions().query_row("SELECT auth_time, expires, latest_end FROM sessions", [], read).unwrap()
    }

    /// Makes the only session as if it had been used this long before its limit, in seconds.
    fn used_ago(&self, seconds: i64) {
        let sql = "UPDATE sessions SET expires = auth_time + ?1";
        assert_eq!(self.sessions().execute(sql, [IDLE - seconds]).unwrap(), 1);
    }

    /// Uses a session by an authorization request or a refresh, when nobody has for half of the limit; the refresh token of then.
    async fn use_after_a_pause(&self, session: &str, token: String, by_refresh: bool) -> String {
        self.used_ago(IDLE / 2);
        if by_refresh {
            return self.refresh(&token).await.text("refresh_token");
        }
        self.code(session).await;
        token
    }

    async fn tokens(&self, session: &str) -> Answer {
        self.redeem(&self.code(session).await).await
    }
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_before_its_latest_end_and_its_refresh_tokens_with_it() {
    let fixture = Fixture::with(|config| {
        config.lifetimes.idle = IDLE.unsigned_abs();
        let secret = config.clients[2].client_secret_file.clone();
        config.clients[0].client_secret_file = secret;
    })
    .await;
    let session = fixture.log_in().await;
    let [login, expires, latest_end] = fixture.times();
    assert_eq!((expires, latest_end), (login + IDLE, login + Lifetimes::default().session.cast_signed()));
    let app = [(AUTHORIZATION.as_str(), basic("app"))];
    let app: Vec<_> = app.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let code = fixture.code(&session).await;
    let form = [("grant_type", "authorization_code"), ("code", &code), ("code_verifier", VERIFIER)];
    let token = fixture.post("/token", &app, &form).await.text("refresh_token");
    let is_active = async || fixture.post("/introspect", &app, &[("token", &token)]).await.json()["active"] == true;
    assert!(is_active().await);
    fixture.used_ago(IDLE);
    assert!(!is_active().await, "introspection says what a refresh would come to");
    let answer = fixture.get(&authorize_path("app", &[]), &[(COOKIE.as_str(), &session)]).await;
    assert!(answer.body.contains("<form id=\"login\""), "{answer:?}");
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    assert_eq!(fixture.post("/token", &app, &form).await.error(), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn a_session_in_use_lives_on_up_to_its_latest_end() {
    let fixture = Fixture::with_idle_limit().await;
    let session = fixture.log_in().await;
    let mut token = fixture.tokens(&session).await.text("refresh_token");
    let [login, _, latest_end] = fixture.times();
    for by_refresh in [false, true] {
        token = fixture.use_after_a_pause(&session, token, by_refresh).await;
        assert!(fixture.times()[1] >= login + IDLE, "by refresh: {by_refresh}");
    }
    let latest_end = latest_end.min(login + IDLE - 200);
    fixture.sessions().execute("UPDATE sessions SET latest_end = ?1", [latest_end]).unwrap();
    for by_refresh in [false, true] {
        token = fixture.use_after_a_pause(&session, token, by_refresh).await;
        assert_eq!(fixture.times()[1], latest_end, "by refresh: {by_refresh}");
    }
}

#[tokio::test]
async fn a_new_login_in_a_session_is_a_use_of_it() {
    let fixture = Fixture::with_idle_limit().await;
    let session = fixture.log_in().await;
    fixture.used_ago(IDLE / 2);
    let path = authorize_path("app", &[("prompt", "login")]);
    let page = fixture.get(&path, &[(COOKIE.as_str(), &session)]).await;
    fixture.submit_login(&page, PASSWORD, &session).await;
    let [login, expires, latest_end] = fixture.times();
    assert!(expires >= login + IDLE && expires < latest_end, "{login} {expires} {latest_end}");
}

#[tokio::test]
async fn refreshing_again_and_again_writes_a_session_once_a_minute() {
    let fixture = Fixture::with_idle_limit().await;
    let mut token = fixture.tokens(&fixture.log_in().await).await.text("refresh_token");
    // As if it had been written half a minute ago.
    fixture.used_ago(30);
    let before = fixture.times();
    for _ in 0..3 {
        token = fixture.refresh(&token).await.text("refresh_token");
    }
    assert_eq!(fixture.times(), before);
}
