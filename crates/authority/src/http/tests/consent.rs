//! `/consent`: OpenID Connect Core 1.0 section 3.1.2.4.

use super::*;

impl Fixture {
    /// With `app` as somebody else's client.
    async fn with_third_party() -> Self {
        Self::with(|config| {
            config.clients[0].policy.third_party = true;
            config.clients[0].scopes.push("offline_access".into());
        })
        .await
    }

    /// Asks for authorization in a session.
    async fn ask(&self, session: &str, more: &[(&str, &str)]) -> Answer {
        self.get(&authorize_path("app", more), &[("cookie", session)]).await
    }

    /// Answers the consent page.
    async fn decide(&self, page: &Answer, session: &str, decision: &str) -> Answer {
        let csrf = page.cookie("__Host-probity-csrf").unwrap_or_else(|| panic!("no consent page: {page:?}"));
        let mut form = page.form("consent");
        form.insert("decision".into(), decision.into());
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let cookies = format!("__Host-probity-csrf={csrf}; {session}");
        self.post("/consent", &[(COOKIE.as_str(), &cookies), (ORIGIN.as_str(), ISSUER)], &form).await
    }

    /// Allows what a page asks for; the code that comes of it.
    async fn allow(&self, page: &Answer, session: &str) -> String {
        let next = self.decide(page, session, "allow").await.location();
        let answer = self.get(&next[url::Position::BeforePath..], &[("cookie", session)]).await;
        parameter(&answer.location(), "code").unwrap_or_else(|| panic!("no code: {answer:?}"))
    }
}

#[tokio::test]
async fn a_user_is_asked_once_what_somebody_elses_client_may_have() {
    let fixture = Fixture::with_third_party().await;
    let session = fixture.log_in().await;
    let scope = ("scope", "openid email offline_access");
    let page = fixture.ask(&session, &[scope]).await;
    assert!(page.body.contains("see your e-mail address") && page.body.contains("app.example"), "{page:?}");
    assert!(!page.body.contains("<script"));
    let tokens = fixture.redeem(&fixture.allow(&page, &session).await).await;
    assert_eq!(tokens.text("scope"), scope.1);
    fixture.code_with(&session, &[scope]).await;
    fixture.code_with(&session, &[("scope", "email"), ("prompt", "none")]).await;
    let more = fixture.ask(&session, &[("scope", "openid phone")]).await;
    assert!(more.body.contains("id=\"consent\"") && more.body.contains("phone number"), "more than was agreed to");
    let silent = fixture.ask(&session, &[("scope", "openid phone"), ("prompt", "none")]).await;
    assert_eq!(parameter(&silent.location(), "error").as_deref(), Some("consent_required"));
    fixture.allow(&more, &session).await;
    fixture.code_with(&session, &[("scope", "openid phone email")]).await;
}

#[tokio::test]
async fn core_section_3_1_2_1_prompt_consent_asks_again_also_about_our_own_client() {
    for fixture in [Fixture::start().await, Fixture::with_third_party().await] {
        let session = fixture.log_in().await;
        for _ in 0..2 {
            let page = fixture.ask(&session, &[("prompt", "consent")]).await;
            fixture.allow(&page, &session).await;
        }
    }
}

#[tokio::test]
async fn who_does_not_allow_it_gives_nothing_and_is_asked_again() {
    let fixture = Fixture::with_third_party().await;
    let session = fixture.log_in().await;
    let page = fixture.ask(&session, &[]).await;
    let before = fixture.rows();
    let location = fixture.decide(&page, &session, "deny").await.location();
    assert!(location.as_str().starts_with(CALLBACK));
    assert_eq!(parameter(&location, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&location, "state").as_deref(), Some("st"));
    assert_eq!(fixture.rows(), before);
    assert!(fixture.ask(&session, &[]).await.body.contains("id=\"consent\""));
}

#[tokio::test]
async fn consent_is_given_by_the_user_who_was_asked_to_what_was_shown() {
    let fixture = Fixture::with(|config| {
        with_bob(config);
        config.clients[0].policy.third_party = true;
    })
    .await;
    let (alice, bob) = (fixture.log_in().await, fixture.log_in_as("bob").await);
    let page = fixture.ask(&alice, &[("scope", "read")]).await;
    let other = fixture.ask(&alice, &[("scope", "write")]).await;
    let before = fixture.rows();
    assert_eq!(fixture.decide(&page, &bob, "allow").await.status, StatusCode::BAD_REQUEST, "another user");
    assert_eq!(fixture.decide(&page, "", "allow").await.status, StatusCode::BAD_REQUEST, "nobody");
    assert_eq!(fixture.decide(&page, &alice, "").await.status, StatusCode::BAD_REQUEST, "no decision");
    let request = page.form("consent")["request"].clone();
    let swapped = Answer { body: other.body.replace("scope=write", "scope=read"), ..other };
    assert!(swapped.form("consent")["request"] == request, "the test's own work");
    assert_eq!(fixture.decide(&swapped, &alice, "allow").await.status, StatusCode::BAD_REQUEST, "another request");
    let csrf = page.cookie("__Host-probity-csrf").unwrap();
    let mut form = page.form("consent");
    form.insert("decision".into(), "allow".into());
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let with_csrf = format!("__Host-probity-csrf={csrf}; {alice}");
    for (cookies, origin) in [(alice.as_str(), ISSUER), (with_csrf.as_str(), "https://evil.example")] {
        let answer = fixture.post("/consent", &[(COOKIE.as_str(), cookies), (ORIGIN.as_str(), origin)], &form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin}");
    }
    assert_eq!(fixture.rows(), before);
}

#[tokio::test]
async fn withdrawn_consent_ends_its_grants_and_codes_and_is_asked_for_again() {
    let fixture = Fixture::with_third_party().await;
    let admin = fixture.admin_token().await;
    let session = fixture.log_in().await;
    let page = fixture.ask(&session, &[("scope", "read offline_access")]).await;
    let tokens = fixture.redeem(&fixture.allow(&page, &session).await).await;
    let code = fixture.code_with(&session, &[("scope", "read")]).await;
    let subject = claims(&tokens.text("access_token"))["sub"].as_str().unwrap().to_owned();
    let path = format!("consents?subject={subject}");
    let listed = fixture.admin(Method::GET, &path, &admin, &Value::Null).await.json();
    assert_eq!(listed["consents"][0]["client_id"], "app");
    assert_eq!(listed["consents"][0]["scope"], "read offline_access");
    let withdraw = format!("{path}&client_id=app");
    let answer = fixture.admin(Method::DELETE, &withdraw, &admin, &Value::Null).await;
    assert_eq!(answer.json(), serde_json::json!({ "revoked_grants": 1 }));
    assert!(!fixture.is_active(&tokens.text("access_token")).await);
    assert_eq!(fixture.refresh(&tokens.text("refresh_token")).await.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.redeem(&code).await.error(), (400, "invalid_grant".into()));
    assert!(fixture.ask(&session, &[("scope", "read")]).await.body.contains("id=\"consent\""));
    assert_eq!(fixture.admin(Method::GET, &path, &admin, &Value::Null).await.json()["consents"], serde_json::json!([]));
    let again = fixture.admin(Method::DELETE, &withdraw, &admin, &Value::Null).await;
    assert_eq!(again.json(), serde_json::json!({ "revoked_grants": 0 }));
}
