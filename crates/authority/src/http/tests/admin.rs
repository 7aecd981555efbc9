//! `/admin/v1`.

use super::*;
use probity_verifier::clock::unix_now;
use probity_verifier::revocation::Target;
use serde_json::json;

impl Fixture {
    pub(super) async fn admin_token(&self) -> String {
        self.token_of("admin").await
    }

    pub(super) async fn token_of(&self, client: &str) -> String {
        let headers = [(AUTHORIZATION.as_str(), basic(client))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.post("/token", &headers, &[("grant_type", "client_credentials")]).await.text("access_token")
    }

    pub(super) async fn admin(&self, method: Method, path: &str, token: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(format!("/admin/v1/{path}"));
        let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

#[tokio::test]
async fn each_level_kills_what_it_names_and_nothing_issued_afterwards() {
    let fixture = Fixture::start().await;
    for level in ["session", "subject", "client", "family", "token", "everything"] {
        let admin = fixture.admin_token().await;
        let session = fixture.log_in().await;
        let tokens = fixture.redeem(&fixture.code(&session).await).await;
        let access = tokens.text("access_token");
        let said = claims(&access);
        let claim = match level {
            "session" => "sid",
            "subject" => "sub",
            "client" => "client_id",
            "family" => "family",
            _ => "jti",
        };
        assert!(fixture.is_active(&access).await);
        let what = if level == "everything" { json!(true) } else { said[claim].clone() };
        let body = json!({ level: what, "level": "enforced" });
        let answer = fixture.admin(Method::POST, "revocations", &admin, &body).await;
        assert_eq!((answer.status, answer.text("level").as_str()), (StatusCode::OK, "enforced"), "{level}: {answer:?}");
        assert!(!fixture.is_active(&access).await, "{level}");
        let refreshed = fixture.refresh(&tokens.text("refresh_token")).await.status;
        let lives = level == "token";
        assert_eq!(refreshed == StatusCode::OK, lives, "{level}: only a single token's grant lives on");
        // What is issued in the very next moment is good.
        let fresh = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await.text("access_token");
        assert!(fixture.is_active(&fresh).await, "{level}: issued afterwards");
        let again = fixture.get(&authorize_path("app", &[]), &[("cookie", &session)]).await;
        assert_eq!(
            again.body.contains("id=\"login\""),
            ["session", "subject", "everything"].contains(&level),
            "{level}"
        );
    }
}

#[tokio::test]
async fn a_revocation_may_name_another_issuer_and_touches_nothing_of_our_own() {
    const IDP: &str = "https://idp.example";
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let tokens = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    let access = tokens.text("access_token");
    let said = claims(&access);
    for body in [
        json!({ "issuer": IDP, "session": said["sid"] }),
        json!({ "issuer": IDP, "subject": said["sub"] }),
        json!({ "issuer": IDP, "client": said["client_id"] }),
        json!({ "issuer": IDP, "family": said["family"] }),
        json!({ "issuer": IDP, "token": said["jti"], "expires": said["exp"] }),
        json!({ "issuer": IDP, "key": "k" }),
        json!({ "issuer": IDP, "everything": true }),
    ] {
        let answer = fixture.admin(Method::POST, "revocations", &admin, &body).await;
        assert_eq!((answer.status, answer.text("level").as_str()), (StatusCode::OK, "enforced"), "{body}: {answer:?}");
    }
    let records = fixture.state().hub.replica().records();
    assert_eq!(records.iter().filter(|record| record.issuer.as_deref() == Some(IDP)).count(), 7, "{records:?}");
    let kept = records.iter().find(|record| matches!(record.target, Target::Token(_))).unwrap();
    assert_eq!(kept.expires.as_secs(), said["exp"].as_u64().unwrap());
    assert!(fixture.is_active(&access).await);
    assert_eq!(fixture.refresh(&tokens.text("refresh_token")).await.status, StatusCode::OK);
    // By its own name, it is our own.
    let body = json!({ "issuer": ISSUER, "session": said["sid"] });
    assert_eq!(fixture.admin(Method::POST, "revocations", &admin, &body).await.status, StatusCode::OK);
    assert!(!fixture.is_active(&access).await);
}

#[tokio::test]
async fn a_compromised_key_is_replaced_at_once_and_what_it_signed_is_dead() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let token = fixture.service_token().await;
    let kid = fixture.state().keys.current().signer(None).unwrap().key_id().unwrap().to_owned();
    let answer = fixture.admin(Method::POST, "revocations", &admin, &json!({ "key": kid })).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(!fixture.is_active(&token).await);
    assert!(!fixture.get("/jwks", &[]).await.body.contains(&kid));
    assert!(fixture.is_active(&fixture.service_token().await).await, "a new key signs");
    let admin = fixture.admin_token().await;
    let again = fixture.admin(Method::POST, "revocations", &admin, &json!({ "key": kid })).await;
    assert_eq!(again.error(), (404, "not_found".into()));
}

#[tokio::test]
async fn only_an_administrators_live_token_opens_the_api() {
    let fixture = Fixture::start().await;
    let service = fixture.service_token().await;
    let admin = fixture.admin_token().await;
    for (method, path) in [
        (Method::POST, "revocations"),
        (Method::GET, "guards"),
        (Method::POST, "guards"),
        (Method::GET, "sessions?subject=x"),
        (Method::GET, "clients"),
        (Method::POST, "clients"),
        (Method::GET, "clients/app"),
        (Method::PUT, "clients/app"),
        (Method::PATCH, "clients/app"),
        (Method::DELETE, "clients/app"),
        (Method::POST, "clients/app/secret"),
        (Method::GET, "audit-log"),
        (Method::POST, "registration-tokens"),
        (Method::GET, "users"),
        (Method::POST, "users"),
        (Method::PATCH, "users/x"),
        (Method::DELETE, "users/x"),
        (Method::GET, "consents?subject=x"),
        (Method::DELETE, "consents?subject=x&client_id=app"),
        (Method::POST, "why"),
    ] {
        for token in ["", "x", &service, &format!("{admin}x")] {
            let answer = fixture.admin(method.clone(), path, token, &json!({})).await;
            assert_eq!(answer.error(), (401, "invalid_token".into()), "{method} {path}");
            assert!(answer.headers.contains_key("www-authenticate"));
        }
    }
    let jti = claims(&admin)["jti"].clone();
    let answer = fixture.admin(Method::POST, "revocations", &admin, &json!({ "token": jti })).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(fixture.admin(Method::GET, "guards", &admin, &json!({})).await.error(), (401, "invalid_token".into()));
}

#[tokio::test]
async fn a_guard_is_registered_once_and_its_credential_works() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let added = fixture.admin(Method::POST, "guards", &admin, &json!({ "name": "west" })).await;
    assert_eq!(added.status, StatusCode::CREATED);
    let hash = PlainSecret::hash_of(SecretKind::GuardCredential, &added.text("credential")).unwrap();
    assert_eq!(fixture.state().store.guard_of(&hash).await.unwrap().as_deref(), Some("west"));
    let again = fixture.admin(Method::POST, "guards", &admin, &json!({ "name": "west" })).await;
    assert_eq!(again.error(), (409, "conflict".into()));
    assert_eq!(fixture.admin(Method::GET, "guards", &admin, &json!({})).await.json()["guards"], json!([]));
    let stream = async |credential: &str| {
        let authorization = format!("Bearer {credential}");
        fixture.get("/revocation-stream", &[("authorization", &authorization)]).await.status
    };
    assert_eq!(stream(&added.text("credential")).await, StatusCode::UPGRADE_REQUIRED);
    assert_eq!(stream("pgc_garbage").await, StatusCode::UNAUTHORIZED);
    assert_eq!(stream(&admin).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sessions_are_listed_while_they_live() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let tokens = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    let said = claims(&tokens.text("access_token"));
    let path = format!("sessions?subject={}", said["sub"].as_str().unwrap());
    let listed = fixture.admin(Method::GET, &path, &admin, &json!({})).await.json();
    assert_eq!(listed["sessions"][0]["sid"], said["sid"]);
    fixture.admin(Method::POST, "revocations", &admin, &json!({ "session": said["sid"] })).await;
    assert_eq!(fixture.admin(Method::GET, &path, &admin, &json!({})).await.json()["sessions"], json!([]));
}

#[tokio::test]
async fn a_malformed_order_is_refused() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let before = fixture.rows();
    for (body, error) in [
        (json!({}), (400, "invalid_request")),
        (json!({ "token": "a", "client": "b" }), (400, "invalid_request")),
        (json!({ "session": "s", "client": "b" }), (400, "invalid_request")),
        (json!({ "token": "a", "level": "soon" }), (400, "invalid_request")),
        (json!({ "tokn": "a" }), (400, "invalid_request")),
        (json!({ "token": 7 }), (400, "invalid_request")),
        (json!({ "token": "" }), (400, "invalid_request")),
        (json!({ "token": "x".repeat(513) }), (400, "invalid_request")),
        (json!({ "everything": false }), (400, "invalid_request")),
        (json!({ "everything": true, "token": "a" }), (400, "invalid_request")),
        (json!({ "token": "a", "expires": 4_000_000_000_u64 }), (400, "invalid_request")),
        (json!({ "issuer": "idp", "token": "a" }), (400, "invalid_request")),
        (json!({ "issuer": "https://idp.example" }), (400, "invalid_request")),
        (json!({ "issuer": "https://idp.example", "token": "" }), (400, "invalid_request")),
        (json!({ "issuer": "https://idp.example", "token": "a", "expires": 1 }), (400, "invalid_request")),
        (json!([]), (400, "invalid_request")),
        (json!({ "session": "nobody" }), (404, "not_found")),
        (json!({ "key": "nobody" }), (404, "not_found")),
    ] {
        let answer = fixture.admin(Method::POST, "revocations", &admin, &body).await;
        assert_eq!(answer.error(), (error.0, error.1.to_owned()), "{body}");
    }
    assert_eq!(fixture.rows(), before);
}

#[tokio::test]
async fn a_user_is_added_found_disabled_given_another_password_and_deleted() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let new = json!({ "username": "carol", "password": PASSWORD, "attributes": { "name": "Carol" } });
    let added = fixture.admin(Method::POST, "users", &admin, &new).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    assert!(!added.body.contains(PASSWORD) && !added.body.contains("argon"));
    let again = fixture.admin(Method::POST, "users", &admin, &new).await;
    assert_eq!(again.error(), (409, "conflict".into()));
    let found = fixture.admin(Method::GET, "users?username=carol", &admin, &json!({})).await.json();
    assert_eq!(found["users"], json!([added.json()]));
    let all = fixture.admin(Method::GET, "users", &admin, &json!({})).await.json();
    assert_eq!(all["users"].as_array().unwrap().len(), 2);
    let user = format!("users/{}", added.text("sub"));
    let log_in = async |password: &str| {
        let page = fixture.get(&authorize_path("app", &[]), &[]).await;
        fixture.submit_login_as("carol", &page, password, "").await
    };
    let (_, session) = log_in(PASSWORD).await;
    let tokens = fixture.redeem(&fixture.code(&session).await).await;
    assert_eq!(claims(&tokens.text("access_token"))["sub"], added.json()["sub"]);
    let disabled = fixture.admin(Method::PATCH, &user, &admin, &json!({ "disabled": true })).await;
    assert_eq!(disabled.json()["disabled"], true);
    assert!(!fixture.is_active(&tokens.text("access_token")).await, "what she was logged in to has ended");
    assert_eq!(log_in(PASSWORD).await.0.status, StatusCode::UNPROCESSABLE_ENTITY);
    let change = json!({ "disabled": false, "password": "another password" });
    assert_eq!(fixture.admin(Method::PATCH, &user, &admin, &change).await.status, StatusCode::OK);
    assert_eq!(log_in(PASSWORD).await.0.status, StatusCode::UNPROCESSABLE_ENTITY);
    let (answer, session) = log_in("another password").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let token = fixture.redeem(&fixture.code(&session).await).await.text("access_token");
    assert_eq!(fixture.admin(Method::DELETE, &user, &admin, &json!({})).await.status, StatusCode::NO_CONTENT);
    assert!(!fixture.is_active(&token).await);
    assert_eq!(log_in("another password").await.0.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(fixture.admin(Method::DELETE, &user, &admin, &json!({})).await.error(), (404, "not_found".into()));
}

#[tokio::test]
async fn a_user_that_can_not_be_is_refused() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let before = fixture.rows();
    for body in [
        json!({}),
        json!({ "username": "", "password": PASSWORD }),
        json!({ "username": "x".repeat(256), "password": PASSWORD }),
        json!({ "username": "a\nb", "password": PASSWORD }),
        json!({ "username": "carol", "password": "short" }),
        json!({ "username": "carol", "password": "x".repeat(1_025) }),
        json!({ "username": "carol", "password": PASSWORD, "attributes": { "iss": "x" } }),
        json!({ "username": "carol", "password": PASSWORD, "admin": true }),
    ] {
        let answer = fixture.admin(Method::POST, "users", &admin, &body).await;
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{body}");
    }
    assert_eq!(fixture.rows(), before);
}

#[tokio::test]
async fn why_says_what_a_token_is_and_everything_that_kills_it() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let why = async |body: Value| fixture.admin(Method::POST, "why", &admin, &body).await.json();
    let tokens = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    let access = tokens.text("access_token");
    let said = claims(&access);
    let live = why(json!({ "token": access })).await;
    for claim in ["iss", "jti", "sub", "client_id", "sid", "family", "iat", "exp"] {
        assert_eq!(live[claim], said[claim], "{claim}");
    }
    assert_eq!((&live["verdict"], &live["verified"], &live["revoked_by"]), (&json!("live"), &json!(true), &json!([])));
    assert_eq!((&live["session"]["live"], &live["grant"]["live"]), (&json!(true), &json!(true)));
    assert_eq!(why(json!({ "jti": said["jti"] })).await["verdict"], json!("not revoked by its jti"));
    for (level, claim) in [("token", "jti"), ("subject", "sub"), ("session", "sid"), ("family", "family")] {
        let body = json!({ level: said[claim], "level": "durable" });
        let _ = fixture.admin(Method::POST, "revocations", &admin, &body).await;
    }
    let dead = why(json!({ "token": access })).await;
    assert_eq!(dead["verdict"], json!("revoked"));
    assert_eq!(dead["revoked_by"], json!(["session", "subject", "token"]), "the family had died with its session");
    assert_eq!((&dead["session"]["live"], &dead["grant"]["live"]), (&json!(false), &json!(false)));
    let by_name = why(json!({ "jti": said["jti"] })).await;
    assert_eq!((&by_name["verdict"], &by_name["revoked_by"]), (&json!("revoked"), &json!(["token"])));
}

#[tokio::test]
async fn why_knows_a_token_that_has_expired_and_one_whose_key_is_compromised() {
    let fixture = Fixture::with(|config| config.lifetimes.access_token = 1).await;
    let token = fixture.service_token().await;
    while unix_now().as_secs() < claims(&token)["exp"].as_u64().unwrap() {
        tokio::task::yield_now().await;
    }
    let why = async |token: &str| {
        let body = json!({ "token": token });
        fixture.admin(Method::POST, "why", &fixture.admin_token().await, &body).await.json()
    };
    let expired = why(&token).await;
    assert_eq!((&expired["verdict"], &expired["verified"]), (&json!("expired"), &json!(true)), "{expired}");
    let kid = expired["kid"].clone();
    let admin = fixture.admin_token().await;
    fixture.admin(Method::POST, "revocations", &admin, &json!({ "key": kid })).await;
    let dead = why(&token).await;
    assert_eq!((&dead["verdict"], &dead["verified"]), (&json!("revoked"), &json!(false)), "{dead}");
    assert_eq!((&dead["revoked_by"], &dead["not_verified"]), (&json!(["key"]), &json!("jws.key_not_found")));
}

#[tokio::test]
async fn why_looks_a_foreign_token_up_by_what_it_says_itself() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let encode = |text: &str| base64url::encode(text.as_bytes());
    let payload = json!({ "iss": "https://idp.example", "sid": "s", "exp": 4_000_000_000_u64 }).to_string();
    let token = format!("{}.{}.c2ln", encode("{\"alg\":\"ES256\"}"), encode(&payload));
    let why = async |body: Value| fixture.admin(Method::POST, "why", &admin, &body).await;
    let unknown = why(json!({ "token": token })).await.json();
    assert_eq!((&unknown["verdict"], &unknown["verified"]), (&json!("unknown"), &json!(false)));
    let body = json!({ "issuer": "https://idp.example", "session": "s" });
    fixture.admin(Method::POST, "revocations", &admin, &body).await;
    assert_eq!(why(json!({ "token": token })).await.json()["revoked_by"], json!(["session"]));
    for bad in [json!({}), json!({ "token": "x" }), json!({ "token": token, "jti": "j" }), json!({ "issuer": "x" })] {
        assert_eq!(why(bad.clone()).await.error(), (400, "invalid_request".into()), "{bad}");
    }
}

#[tokio::test]
async fn metrics_count_revocations_for_whoever_may_see_them() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    fixture.admin(Method::POST, "revocations", &admin, &json!({ "token": "a" })).await;
    fixture.admin(Method::POST, "revocations", &admin, &json!({ "token": "b", "level": "durable" })).await;
    let metrics = async |token: &str| {
        let authorization = format!("Bearer {token}");
        fixture.get("/metrics", &[(AUTHORIZATION.as_str(), &authorization)]).await
    };
    let scraper = fixture.token_of("scraper").await;
    for token in [&scraper, &admin] {
        let answer = metrics(token).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        for line in [
            "probity_revocations_total{level=\"token\"} 2",
            "probity_revocations_total{level=\"session\"} 0",
            "probity_revocation_durable_seconds_count 2",
            "probity_revocation_enforced_seconds_count 1",
            "probity_revocations_held 2",
            "probity_revocation_log_position 2",
            "probity_revocation_log_lost 0",
            "probity_guards_connected 0",
        ] {
            assert!(answer.body.lines().any(|known| known == line), "{line} is not in\n{}", answer.body);
        }
    }
    assert_eq!(metrics(&fixture.service_token().await).await.error(), (401, "invalid_token".into()));
    assert_eq!(fixture.get("/metrics", &[]).await.error(), (401, "invalid_token".into()));
    let refused = fixture.admin(Method::GET, "guards", &scraper, &json!({})).await;
    assert_eq!(refused.error(), (403, "insufficient_scope".into()), "who may look may not administer");
}
