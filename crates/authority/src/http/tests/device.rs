//! `/device-authorization`, `/device` and the grant of devices: RFC 8628.

use super::*;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

impl Fixture {
    /// With `app` as a client on devices too, and another one.
    async fn with_device() -> Self {
        Self::with(|config| {
            config.clients[0].grant_types.push(GrantType::DeviceCode);
            config.clients[1].grant_types.push(GrantType::DeviceCode);
        })
        .await
    }

    async fn wait_for_user(&self, scope: &str) -> Answer {
        let answer = self.post("/device-authorization", &[], &[("client_id", "app"), ("scope", scope)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer
    }

    async fn poll_as(&self, client: &str, code: &str) -> Answer {
        self.post("/token", &[], &[("grant_type", GRANT), ("client_id", client), ("device_code", code)]).await
    }

    async fn poll(&self, code: &str) -> Answer {
        self.poll_as("app", code).await
    }

    /// Sends a form of the device's pages with these fields set.
    async fn submit_device(&self, page: &Answer, form: &str, cookies: &str, more: &[(&str, &str)]) -> Answer {
        let csrf = page.cookie("__Host-probity-csrf").unwrap_or_else(|| panic!("no form: {page:?}"));
        let mut form = page.form(form);
        form.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let cookies = format!("__Host-probity-csrf={csrf}; {cookies}");
        self.post("/device", &[(COOKIE.as_str(), &cookies), (ORIGIN.as_str(), ISSUER)], &form).await
    }

    /// Decides about a device in a session.
    async fn decide_device(&self, session: &str, user_code: &str, decision: &str) -> Answer {
        let page = self.get(&format!("/device?user_code={user_code}"), &[("cookie", session)]).await;
        let page = self.submit_device(&page, "device", session, &[]).await;
        self.submit_device(&page, "consent", session, &[("decision", decision)]).await
    }
}

/// RFC 8628 section 3: a user allows the device, which gets its tokens once.
#[tokio::test]
async fn section_3_a_user_signs_in_allows_the_device_and_it_gets_tokens_once() {
    let fixture = Fixture::with_device().await;
    let device = fixture.wait_for_user("openid read").await;
    assert_eq!(device.json()["expires_in"], 600);
    let code = device.text("device_code");
    assert_eq!(fixture.poll(&code).await.error(), (400, "authorization_pending".into()));
    let complete = Url::parse(&device.text("verification_uri_complete")).unwrap();
    let page = fixture.get(&complete[url::Position::BeforePath..], &[]).await;
    assert_eq!(page.form("device")["user_code"], device.text("user_code"));
    let login = [("username", "alice"), ("password", PASSWORD)];
    let page = fixture.submit_device(&page, "device", "", &login).await;
    assert!(page.body.contains(&device.text("user_code")) && page.body.contains("id=\"allow\""), "{page:?}");
    let session = format!("__Host-probity-session={}", page.cookie("__Host-probity-session").unwrap());
    let done = fixture.submit_device(&page, "consent", &session, &[("decision", "allow")]).await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.body.contains("signed in"), "{done:?}");
    let tokens = fixture.poll(&code).await;
    assert_eq!(tokens.text("scope"), "openid read");
    assert!(claims(&tokens.text("id_token"))["sub"].is_string());
    assert!(fixture.is_active(&tokens.text("access_token")).await);
    let refreshed = fixture.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(refreshed.status, StatusCode::OK);
    // Two have the code: nobody keeps what it gave.
    assert_eq!(fixture.poll(&code).await.error(), (400, "invalid_grant".into()));
    assert!(!fixture.is_active(&refreshed.text("access_token")).await);
}

/// RFC 8628 section 3.5: a device is told to wait, to slow down, or that it was denied.
#[tokio::test]
async fn section_3_5_a_device_is_told_to_wait_to_slow_down_or_that_it_is_not_wanted() {
    let fixture = Fixture::with_device().await;
    let session = fixture.log_in().await;
    let device = fixture.wait_for_user("read").await;
    let code = device.text("device_code");
    assert_eq!(fixture.poll(&code).await.error().1, "authorization_pending");
    assert_eq!(fixture.poll(&code).await.error(), (400, "slow_down".into()));
    let done = fixture.decide_device(&session, &device.text("user_code"), "deny").await;
    assert!(done.body.contains("not signed in"), "{done:?}");
    assert_eq!(fixture.poll(&code).await.error(), (400, "access_denied".into()));
}

/// RFC 8628 section 3.4: a device code is bound to its client.
#[tokio::test]
async fn a_devices_code_is_of_no_use_to_another_client_and_changes_nothing_there() {
    let fixture = Fixture::with_device().await;
    let session = fixture.log_in().await;
    let device = fixture.wait_for_user("read").await;
    fixture.decide_device(&session, &device.text("user_code"), "allow").await;
    let before = fixture.rows();
    assert_eq!(fixture.poll_as("other", &device.text("device_code")).await.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.poll("pdc_garbage").await.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.rows(), before);
    assert_eq!(fixture.poll(&device.text("device_code")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_device_gets_nothing_once_its_session_or_its_client_is_revoked() {
    let fixture = Fixture::with_device().await;
    let admin = fixture.admin_token().await;
    for (level, claim, error) in [("session", "sid", "invalid_grant"), ("client", "client_id", "expired_token")] {
        let session = fixture.log_in().await;
        let device = fixture.wait_for_user("read").await;
        fixture.decide_device(&session, &device.text("user_code"), "allow").await;
        let token = fixture.redeem(&fixture.code(&session).await).await.text("access_token");
        let order = serde_json::json!({ level: claims(&token)[claim], "level": "durable" });
        assert_eq!(fixture.admin(Method::POST, "revocations", &admin, &order).await.status, StatusCode::OK);
        assert_eq!(fixture.poll(&device.text("device_code")).await.error(), (400, error.into()), "{level}");
    }
}

/// RFC 8628 section 5.1: user codes can't be tried out.
#[tokio::test]
async fn nobody_learns_whether_a_code_is_good_before_signing_in_and_no_one_decides_twice_or_for_another() {
    let fixture = Fixture::with(|config| {
        with_bob(config);
        config.clients[0].grant_types.push(GrantType::DeviceCode);
    })
    .await;
    let device = fixture.wait_for_user("read").await;
    let code = device.text("user_code");
    let asked = async |code: &str| {
        let page = fixture.get(&format!("/device?user_code={code}"), &[]).await;
        let login = [("username", "alice"), ("password", "wrong")];
        let page = fixture.submit_device(&page, "device", "", &login).await;
        (page.status, page.body.replace(code, ""))
    };
    assert_eq!(asked(&code).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let alice = fixture.log_in().await;
    let page = fixture.get("/device?user_code=BBBB-BBBB", &[("cookie", &alice)]).await;
    let unknown = fixture.submit_device(&page, "device", &alice, &[]).await;
    assert!(unknown.body.contains("No device waits"), "{unknown:?}");
    let page = fixture.submit_device(&page, "device", &alice, &[("user_code", &code)]).await;
    let bob = fixture.log_in_as("bob").await;
    let before = fixture.rows();
    let by_bob = fixture.submit_device(&page, "consent", &bob, &[("decision", "allow")]).await;
    assert_eq!(by_bob.status, StatusCode::BAD_REQUEST);
    let other =
        fixture.submit_device(&page, "consent", &alice, &[("decision", "allow"), ("request", "BBBB-BBBB")]).await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST);
    assert_eq!(fixture.rows(), before);
    assert_eq!(fixture.submit_device(&page, "consent", &alice, &[("decision", "allow")]).await.status, StatusCode::OK);
    let again = fixture.submit_device(&page, "consent", &alice, &[("decision", "deny")]).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert_eq!(fixture.poll(&device.text("device_code")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn only_clients_that_may_use_it_get_a_devices_code() {
    let fixture = Fixture::start().await;
    let answer = fixture.post("/device-authorization", &[], &[("client_id", "app")]).await;
    assert_eq!(answer.error(), (400, "unauthorized_client".into()));
    let fixture = Fixture::with_device().await;
    let answer = fixture.post("/device-authorization", &[], &[("client_id", "app"), ("scope", "admin")]).await;
    assert_eq!(answer.error(), (400, "invalid_scope".into()));
}
