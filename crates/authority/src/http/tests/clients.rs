//! `/admin/v1/clients`.

use super::*;
use serde_json::json;

fn described(change: &[(&str, Value)]) -> Value {
    let mut body = json!({
        "client_id": "batch", "client_name": "Batch", "grant_types": ["client_credentials"], "scopes": ["read"],
        "audience": AUDIENCE,
    });
    for (name, value) in change {
        body[*name] = value.clone();
    }
    body
}

impl Fixture {
    async fn token_by(&self, client: &str, secret: &str) -> Answer {
        let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret)];
        self.post("/token", &[], &form).await
    }
}

async fn a_client_lives(fixture: Fixture) {
    let admin = fixture.admin_token().await;
    let call = async |method: Method, path: &str, body: Value| fixture.admin(method, path, &admin, &body).await;
    let added = call(Method::POST, "clients", described(&[])).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    let secret = added.text("client_secret");
    assert_eq!(call(Method::POST, "clients", described(&[])).await.error(), (409, "conflict".into()));
    let shown = call(Method::GET, "clients/batch", json!({})).await;
    assert!(!shown.body.contains("client_secret") && !shown.body.contains("pcs_"), "shown once: {shown:?}");
    assert_eq!((&shown.json()["has_secret"], &shown.json()["scopes"]), (&json!(true), &json!(["read"])));
    let first = fixture.token_by("batch", &secret).await.text("access_token");
    assert_eq!(claims(&first)["scope"], "read");

    let mut wider = described(&[("scopes", json!(["read", "write"]))]);
    wider.as_object_mut().unwrap().remove("client_id");
    let changed = call(Method::PUT, "clients/batch", wider).await;
    assert!(changed.status == StatusCode::OK && !changed.body.contains("client_secret\""), "{changed:?}");
    assert_eq!(claims(&fixture.token_by("batch", &secret).await.text("access_token"))["scope"], "read write");

    let renewed = call(Method::POST, "clients/batch/secret", json!({})).await.text("client_secret");
    assert_eq!(fixture.token_by("batch", &secret).await.error(), (401, "invalid_client".into()));
    assert_eq!(fixture.token_by("batch", &renewed).await.status, StatusCode::OK);

    let disabled = call(Method::PATCH, "clients/batch", json!({ "disabled": true })).await;
    assert_eq!(disabled.json()["disabled"], true);
    assert!(!fixture.is_active(&first).await, "what was issued to it is dead");
    assert_eq!(fixture.token_by("batch", &renewed).await.error(), (401, "invalid_client".into()));
    call(Method::PATCH, "clients/batch", json!({ "disabled": false })).await;
    let second = fixture.token_by("batch", &renewed).await.text("access_token");
    assert!(fixture.is_active(&second).await && !fixture.is_active(&first).await, "no revocation is undone");

    assert_eq!(call(Method::DELETE, "clients/batch", json!({})).await.status, StatusCode::NO_CONTENT);
    assert!(!fixture.is_active(&second).await);
    assert_eq!(fixture.token_by("batch", &renewed).await.error(), (401, "invalid_client".into()));
    for (method, path) in [
        (Method::GET, "clients/batch"),
        (Method::PATCH, "clients/batch"),
        (Method::DELETE, "clients/batch"),
        (Method::POST, "clients/batch/secret"),
    ] {
        let answer = call(method.clone(), path, json!({ "disabled": true })).await;
        assert_eq!(answer.error(), (404, "not_found".into()), "{method} {path}");
    }
}

#[tokio::test]
async fn a_client_is_added_changed_given_another_secret_disabled_and_deleted() {
    a_client_lives(Fixture::start().await).await;
}

#[tokio::test]
async fn a_client_lives_on_postgres_too() {
    a_client_lives(Fixture::on_postgres().await).await;
}

#[tokio::test]
async fn a_disabled_client_loses_its_grants_and_its_logins_go_nowhere() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let session = fixture.log_in().await;
    let tokens = fixture.redeem(&fixture.code(&session).await).await;
    let code = fixture.code(&session).await;
    let disable = fixture.admin(Method::PATCH, "clients/app", &admin, &json!({ "disabled": true })).await;
    assert_eq!(disable.status, StatusCode::OK, "urgent, so also for one of the file: {disable:?}");
    assert!(!fixture.is_active(&tokens.text("access_token")).await);
    assert_eq!(fixture.refresh(&tokens.text("refresh_token")).await.error(), (401, "invalid_client".into()));
    assert_eq!(fixture.redeem(&code).await.error(), (401, "invalid_client".into()));
    let page = fixture.get(&authorize_path("app", &[]), &[(COOKIE.as_str(), &session)]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "nobody is sent to it: {page:?}");
    fixture.admin(Method::PATCH, "clients/app", &admin, &json!({ "disabled": false })).await;
    assert_eq!(fixture.refresh(&tokens.text("refresh_token")).await.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.redeem(&code).await.error(), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn a_secret_comes_and_goes_with_the_way_of_authenticating() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let with = |method: &str| {
        described(&[
            ("grant_types", json!(["authorization_code"])),
            ("redirect_uris", json!([CALLBACK])),
            ("metadata", json!({ "token_endpoint_auth_method": method })),
        ])
    };
    let public = fixture.admin(Method::POST, "clients", &admin, &with("none")).await.json();
    assert_eq!((&public["has_secret"], public.get("client_secret")), (&json!(false), None));
    let renewed = fixture.admin(Method::POST, "clients/batch/secret", &admin, &json!({})).await;
    assert_eq!(renewed.error(), (409, "conflict".into()));
    let put = async |method: &str| fixture.admin(Method::PUT, "clients/batch", &admin, &with(method)).await.json();
    assert!(put("client_secret_post").await["client_secret"].is_string());
    assert_eq!(put("client_secret_basic").await.get("client_secret"), None, "it has one");
    assert_eq!(put("none").await["has_secret"], false);
}

#[tokio::test]
async fn clients_of_the_file_are_changed_there_and_nobody_locks_themselves_out() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let before = fixture.rows();
    let mut app = described(&[]);
    app["client_id"] = "service".into();
    for (method, path, body) in [
        (Method::PUT, "clients/service", app),
        (Method::DELETE, "clients/service", json!({})),
        (Method::POST, "clients/service/secret", json!({})),
        (Method::PATCH, "clients/admin", json!({ "disabled": true })),
    ] {
        let answer = fixture.admin(method.clone(), path, &admin, &body).await;
        assert_eq!(answer.error(), (409, "conflict".into()), "{method} {path}");
    }
    assert_eq!(fixture.rows(), before);
    let listed = fixture.admin(Method::GET, "clients?after=b", &admin, &json!({})).await.json();
    let names: Vec<_> = listed["clients"].as_array().unwrap().iter().map(|client| &client["client_id"]).collect();
    assert_eq!(names, ["other", "scraper", "service"]);
    assert!(listed["clients"].as_array().unwrap().iter().all(|client| client["configured"] == true));
}

#[tokio::test]
async fn a_client_that_can_not_work_is_refused_with_the_member_that_is_wrong() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let before = fixture.rows();
    let code = ("grant_types", json!(["authorization_code"]));
    for (change, error, named) in [
        (vec![("client_id", json!("a b"))], "invalid_client_metadata", "client_id"),
        (vec![("client_id", json!("x".repeat(256)))], "invalid_client_metadata", "client_id"),
        (vec![("client_name", json!("x".repeat(201)))], "invalid_client_metadata", "client_name"),
        (vec![("client_name", json!("a\u{1b}b"))], "invalid_client_metadata", "client_name"),
        (vec![("audience", json!(""))], "invalid_client_metadata", "audience"),
        (vec![("scopes", json!(["a b"]))], "invalid_client_metadata", "scopes"),
        (vec![("grant_types", json!(["password"]))], "invalid_client_metadata", "grant_types"),
        (vec![("secret", json!("x"))], "invalid_client_metadata", "secret"),
        (vec![("metadata", json!({ "token_endpoint_auth_method": "none" }))], "invalid_client_metadata", "secret"),
        (vec![("metadata", json!({ "id_token_signed_response_alg": "ES512" }))], "invalid_client_metadata", "ES512"),
        (
            vec![("metadata", json!({ "token_endpoint_auth_method": "tls_client_auth" }))],
            "invalid_client_metadata",
            "tls",
        ),
        (vec![code.clone()], "invalid_redirect_uri", "redirect_uris"),
        (vec![code, ("redirect_uris", json!(["http://a.example/"]))], "invalid_redirect_uri", "http://a.example/"),
    ] {
        let answer = fixture.admin(Method::POST, "clients", &admin, &described(&change)).await;
        assert_eq!(answer.error(), (400, error.into()), "{change:?}");
        assert!(answer.text("error_description").contains(named), "{change:?}: {answer:?}");
    }
    assert_eq!(fixture.rows(), before);
}
