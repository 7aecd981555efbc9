//! `/logout` and what clients are told: RP-Initiated Logout 1.0, Back-Channel Logout 1.0.

use super::*;
use probity_jose::{JwkSet, SignatureAlgorithm, jwt};
use probity_verifier::clock::unix_now;
use serde_json::json;

const BYE: &str = "https://app.example/bye";
const BACK: &str = "https://app.example/back-channel";

impl Fixture {
    async fn with_logout() -> Self {
        Self::with(|config| {
            with_bob(config);
            config.clients[0].metadata.post_logout_redirect_uris = vec![BYE.into()];
            config.clients[0].metadata.backchannel_logout_uri = Some(BACK.into());
        })
        .await
    }

    async fn tokens_of(&self, session: &str) -> Answer {
        self.redeem(&self.code_with(session, &[("scope", "openid")]).await).await
    }

    async fn log_out(&self, session: &str, parameters: &[(&str, &str)]) -> Answer {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.get(&format!("/logout?{query}"), &[("cookie", session)]).await
    }

    async fn decide_logout(&self, page: &Answer, session: &str, decision: &str) -> Answer {
        let csrf = page.cookie("__Host-probity-csrf").unwrap_or_else(|| panic!("no question: {page:?}"));
        let mut form = page.form("logout");
        form.insert("decision".into(), decision.into());
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let cookies = format!("__Host-probity-csrf={csrf}; {session}");
        self.post("/logout", &[(COOKIE.as_str(), &cookies), (ORIGIN.as_str(), ISSUER)], &form).await
    }

    async fn is_logged_in(&self, session: &str) -> bool {
        !self.get(&authorize_path("app", &[]), &[("cookie", session)]).await.body.contains("id=\"login\"")
    }
}

/// OpenID Connect RP-Initiated Logout section 2: a logout with an ID token.
#[tokio::test]
async fn section_2_a_client_with_an_id_token_of_the_session_logs_the_user_out_and_gets_them_back() {
    let fixture = Fixture::with_logout().await;
    let session = fixture.log_in().await;
    let tokens = fixture.tokens_of(&session).await;
    let hint = tokens.text("id_token");
    let asked = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s t")];
    let answer = fixture.log_out(&session, &asked).await;
    assert_eq!(answer.location().as_str(), format!("{BYE}?state=s+t"));
    assert_eq!(answer.cookie("__Host-probity-session").as_deref(), Some(""), "the cookie is gone");
    assert!(!fixture.is_logged_in(&session).await);
    assert!(!fixture.is_active(&tokens.text("access_token")).await);
    assert_eq!(fixture.refresh(&tokens.text("refresh_token")).await.error(), (400, "invalid_grant".into()));
    // Once more is no error.
    assert_eq!(fixture.log_out(&session, &asked).await.location().as_str(), format!("{BYE}?state=s+t"));
}

/// OpenID Connect RP-Initiated Logout section 2: without one the user is asked.
#[tokio::test]
async fn section_2_without_the_sessions_id_token_the_user_is_asked() {
    let fixture = Fixture::with_logout().await;
    let (alice, bob) = (fixture.log_in().await, fixture.log_in_as("bob").await);
    let hint_of_bob = fixture.tokens_of(&bob).await.text("id_token");
    for asked in [vec![], vec![("client_id", "app")], vec![("id_token_hint", hint_of_bob.as_str())]] {
        let page = fixture.log_out(&alice, &asked).await;
        assert!(page.body.contains("id=\"yes\""), "{page:?}");
        assert!(fixture.is_logged_in(&alice).await, "{asked:?}");
        let stay = fixture.decide_logout(&page, &alice, "no").await;
        assert!(stay.body.contains("still signed in") && fixture.is_logged_in(&alice).await);
    }
    let page = fixture.log_out(&alice, &[("client_id", "app"), ("post_logout_redirect_uri", BYE)]).await;
    assert_eq!(fixture.decide_logout(&page, &bob, "yes").await.status, StatusCode::BAD_REQUEST, "another user");
    assert!(fixture.is_logged_in(&bob).await && fixture.is_logged_in(&alice).await);
    assert_eq!(fixture.decide_logout(&page, &alice, "yes").await.location().as_str(), BYE);
    assert!(!fixture.is_logged_in(&alice).await && fixture.is_logged_in(&bob).await);
}

/// OpenID Connect RP-Initiated Logout section 3: an address that is not registered is refused.
#[tokio::test]
async fn section_3_a_request_that_can_not_be_trusted_is_refused_and_changes_nothing() {
    let fixture = Fixture::with_logout().await;
    let session = fixture.log_in().await;
    let hint = fixture.tokens_of(&session).await.text("id_token");
    let other = [("id_token_hint", hint.as_str()), ("client_id", "other")];
    for asked in [
        vec![("post_logout_redirect_uri", BYE)],
        vec![("id_token_hint", &hint), ("post_logout_redirect_uri", "https://evil.example/")],
        vec![("id_token_hint", "x")],
        vec![("client_id", "nobody")],
        other.to_vec(),
    ] {
        let answer = fixture.log_out(&session, &asked).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{asked:?}");
        assert!(answer.headers.get(LOCATION).is_none());
        assert!(fixture.is_logged_in(&session).await, "{asked:?}");
    }
}

#[tokio::test]
async fn a_logout_from_another_site_is_not_the_users_decision() {
    let fixture = Fixture::with_logout().await;
    let session = fixture.log_in().await;
    let page = fixture.log_out(&session, &[]).await;
    let csrf = page.cookie("__Host-probity-csrf").unwrap();
    let mut form = page.form("logout");
    form.insert("decision".into(), "yes".into());
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let with_csrf = format!("__Host-probity-csrf={csrf}; {session}");
    for (cookies, origin) in [(session.as_str(), ISSUER), (with_csrf.as_str(), "https://evil.example")] {
        let answer = fixture.post("/logout", &[(COOKIE.as_str(), cookies), (ORIGIN.as_str(), origin)], &form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin}");
    }
    assert!(fixture.is_logged_in(&session).await);
}

/// OpenID Connect Back-Channel Logout section 2.4: the logout token.
#[tokio::test]
async fn back_channel_section_2_4_clients_of_a_session_are_told_however_it_ends() {
    let fixture = Fixture::with_logout().await;
    let admin = fixture.admin_token().await;
    fixture.web.accept_posts_at(BACK);
    let keys = JwkSet::parse(fixture.get("/jwks", &[]).await.body.as_bytes()).unwrap();
    let verifier = jwt::Verifier::custom(jwt::TokenType::Exactly("logout+jwt".into())).issuer(ISSUER).audience("app");
    let verifier = verifier.algorithms([SignatureAlgorithm::Es256]);
    for ending in ["logout", "session", "subject"] {
        let session = fixture.log_in().await;
        let tokens = fixture.tokens_of(&session).await;
        let said = claims(&tokens.text("id_token"));
        match ending {
            "logout" => {
                fixture.log_out(&session, &[("id_token_hint", &tokens.text("id_token"))]).await;
            }
            level => {
                let claim = if level == "session" { "sid" } else { "sub" };
                let order = json!({ level: said[claim], "level": "durable" });
                fixture.admin(Method::POST, "revocations", &admin, &order).await;
            }
        }
        let form = fixture.web.next_post(BACK).await;
        let token: Value = verifier.verify(&form["logout_token"], &keys, unix_now()).unwrap().into_claims();
        assert_eq!((&token["sid"], &token["sub"]), (&said["sid"], &said["sub"]), "{ending}");
        assert_eq!(token["events"], json!({"http://schemas.openid.net/event/backchannel-logout": {}}));
        assert!(token.get("nonce").is_none() && token["jti"].is_string());
    }
}

/// OpenID Connect Back-Channel Logout section 2.5: a client is told again.
#[tokio::test]
async fn back_channel_section_2_5_a_client_that_does_not_answer_is_told_again_and_then_no_more() {
    let fixture = Fixture::with_logout().await;
    let session = fixture.log_in().await;
    let hint = fixture.tokens_of(&session).await.text("id_token");
    fixture.log_out(&session, &[("id_token_hint", &hint)]).await;
    let state = fixture.state();
    let (mut now, mut turns) = (unix_now(), 0);
    while fixture.rows().iter().any(|row| row.starts_with("logout_notices")) {
        now = now.plus(4_000);
        state.tell_clients(now).await.unwrap();
        turns += 1;
        assert!(turns < 10);
    }
    assert!((5..=6).contains(&turns), "{turns}: the task may have been first");
    assert_eq!(fixture.web.asked(BACK), 6);
}
