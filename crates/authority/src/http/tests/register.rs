//! `/register`: RFC 7591, RFC 7592, OpenID Connect Dynamic Client Registration 1.0.

use super::*;
use crate::config::RegistrationConfig;
use probity_verifier::clock::unix_now;
use serde_json::json;

pub(super) fn open(config: &mut AuthorityConfig) {
    config.registration = Some(RegistrationConfig {
        scopes: ["openid", "email", "read"].map(str::to_owned).to_vec(),
        audience: AUDIENCE.into(),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        third_party: false,
        nonce_instead_of_pkce: false,
    });
}

pub(super) fn description() -> Value {
    json!({ "redirect_uris": [CALLBACK], "client_name": "Shop", "grant_types": ["authorization_code", "refresh_token"] })
}

impl Fixture {
    async fn with_registration() -> Self {
        Self::with(open).await
    }

    /// An initial access token.
    pub(super) async fn initial(&self, uses: u32) -> String {
        let admin = self.admin_token().await;
        let answer = self.admin(Method::POST, "registration-tokens", &admin, &json!({ "uses": uses })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.text("token")
    }

    pub(super) async fn registration(&self, method: Method, path: &str, token: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(format!("/register{path}"));
        let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(super) async fn register(&self, token: &str, body: &Value) -> Answer {
        self.registration(Method::POST, "", token, body).await
    }

    /// A login of `alice` at a client with its secret; the answer of the token endpoint.
    async fn log_in_at(&self, client: &str, secret: &str) -> Answer {
        let session = self.log_in().await;
        let answer = self.get(&authorize_path(client, &[("scope", "openid")]), &[(COOKIE.as_str(), &session)]).await;
        let code = parameter(&answer.location(), "code").unwrap_or_else(|| panic!("no code: {answer:?}"));
        let authorization = format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")));
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.post("/token", &[(AUTHORIZATION.as_str(), &authorization)], &form).await
    }
}

#[tokio::test]
async fn openid_registration_section_2_a_client_that_says_little_gets_openids_defaults_and_logs_users_in() {
    let fixture = Fixture::with(|config| {
        open(config);
        config.signing_algorithms.push(PublicAlgorithm::RS256);
    })
    .await;
    let metadata = fixture.get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(metadata["registration_endpoint"], format!("{ISSUER}/register"));
    let answer = fixture.register(&fixture.initial(1).await, &description()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let client = answer.json();
    for (name, value) in [
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("id_token_signed_response_alg", json!("RS256")),
        ("response_types", json!(["code"])),
        ("scope", json!("openid email read")),
        ("client_secret_expires_at", json!(0)),
        ("subject_type", json!("public")),
        ("redirect_uris", json!([CALLBACK])),
    ] {
        assert_eq!(client[name], value, "{name}");
    }
    assert!(client["client_id_issued_at"].as_u64().unwrap() <= unix_now().as_secs());
    let tokens = fixture.log_in_at(&answer.text("client_id"), &answer.text("client_secret")).await;
    let header = base64url::decode(tokens.text("id_token").split('.').next().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["alg"], "RS256");
}

#[tokio::test]
async fn rfc_7592_a_client_reads_changes_and_deletes_itself_by_its_own_token() {
    let fixture = Fixture::with_registration().await;
    let answer = fixture.register(&fixture.initial(1).await, &description()).await;
    let (id, token) = (answer.text("client_id"), answer.text("registration_access_token"));
    let path = format!("/{id}");
    assert_eq!(answer.text("registration_client_uri"), format!("{ISSUER}/register/{id}"));
    let read = fixture.registration(Method::GET, &path, &token, &json!({})).await;
    assert_eq!((read.status, read.json()["client_name"].clone()), (StatusCode::OK, json!("Shop")));
    assert_eq!(read.text("registration_access_token"), token);
    assert_eq!(read.json().get("client_secret"), None, "nobody knows it any more");

    let mut body = read.json();
    body["client_name"] = "Store".into();
    body["client_secret"] = answer.json()["client_secret"].clone();
    let changed = fixture.registration(Method::PUT, &path, &token, &body).await;
    assert_eq!(changed.json()["client_name"], "Store", "{changed:?}");
    let tokens = fixture.log_in_at(&id, &answer.text("client_secret")).await;
    let access = tokens.text("access_token");

    for (name, value) in [("client_secret", json!("chosen")), ("client_id", json!("app")), ("client_id", Value::Null)] {
        let mut bad = body.clone();
        bad[name] = value;
        let refused = fixture.registration(Method::PUT, &path, &token, &bad).await;
        assert_eq!(refused.error(), (400, "invalid_request".into()), "{name}");
    }
    let gone = fixture.registration(Method::DELETE, &path, &token, &json!({})).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert!(!fixture.is_active(&access).await, "what was issued to it is dead");
    let again = fixture.registration(Method::GET, &path, &token, &json!({})).await;
    assert_eq!(again.error(), (401, "invalid_token".into()));
}

#[tokio::test]
async fn a_registration_belongs_to_whoever_has_its_token_and_to_administrators() {
    let fixture = Fixture::with_registration().await;
    let initial = fixture.initial(2).await;
    let one = fixture.register(&initial, &description()).await;
    let other = fixture.register(&initial, &description()).await;
    let path = format!("/{}", one.text("client_id"));
    let before = fixture.rows();
    for token in ["", "x", &initial, &one.text("client_secret"), &other.text("registration_access_token")] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = fixture.registration(method.clone(), &path, token, &one.json()).await;
            assert_eq!(answer.error(), (401, "invalid_token".into()), "{method} {token}");
        }
    }
    let own = one.text("registration_access_token");
    // A client of the file has no such token, whatever is presented.
    assert_eq!(fixture.registration(Method::GET, "/app", &own, &json!({})).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(fixture.rows(), before);
    let admin = fixture.admin_token().await;
    let client = format!("clients{path}");
    assert_eq!(fixture.admin(Method::GET, &client, &admin, &json!({})).await.json()["self_registered"], true);
    fixture.admin(Method::PATCH, &client, &admin, &json!({ "disabled": true })).await;
    let disabled = fixture.registration(Method::PUT, &path, &own, &one.json()).await;
    assert_eq!(disabled.error(), (401, "invalid_token".into()), "it can't let itself in again");
}

async fn a_token_is_good_for_as_many_registrations_as_it_says(fixture: Fixture) {
    let token = fixture.initial(3).await;
    let body = description();
    let attempts = (0..12).map(|_| fixture.register(&token, &body));
    let answers = futures_util::future::join_all(attempts).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(StatusCode::CREATED), count(StatusCode::UNAUTHORIZED)), (3, 9), "{answers:?}");
}

#[tokio::test]
async fn a_token_of_three_uses_registers_three_of_twelve_at_once() {
    a_token_is_good_for_as_many_registrations_as_it_says(Fixture::with_registration().await).await;
}

#[tokio::test]
async fn a_token_of_three_uses_registers_three_of_twelve_at_once_on_postgres() {
    let postgres = Some(crate::postgres_server::connection());
    a_token_is_good_for_as_many_registrations_as_it_says(Fixture::start_on(postgres, open).await).await;
}

#[tokio::test]
async fn rfc_7591_section_3_2_2_what_can_not_be_registered_is_refused_and_costs_no_use() {
    let fixture = Fixture::with_registration().await;
    let token = fixture.initial(1).await;
    let before = fixture.rows();
    for (change, error) in [
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["http://a.example/cb"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://a.example/cb#x"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": vec!["https://a.example/"; 33] }), "invalid_redirect_uri"),
        (json!({ "grant_types": ["client_credentials"] }), "invalid_client_metadata"),
        (json!({ "grant_types": ["implicit"] }), "invalid_client_metadata"),
        (json!({ "response_types": ["id_token"] }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "tls_client_auth" }), "invalid_client_metadata"),
        (json!({ "id_token_signed_response_alg": "none" }), "invalid_client_metadata"),
        (json!({ "jwks": { "keys": [{ "kty": "oct", "k": "AAAA" }] } }), "invalid_client_metadata"),
        (json!({ "jwks_uri": "http://a.example/jwks" }), "invalid_client_metadata"),
        (json!({ "client_name": "x".repeat(201) }), "invalid_client_metadata"),
        (json!({ "sector_identifier_uri": "https://s.example/nothing" }), "invalid_client_metadata"),
        (json!({ "default_acr_values": vec!["x"; 17] }), "invalid_client_metadata"),
    ] {
        let mut body = description();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = fixture.register(&token, &body).await;
        assert_eq!(answer.error(), (400, error.into()), "{change}: {answer:?}");
    }
    assert_eq!(fixture.rows(), before);
    assert_eq!(fixture.register(&token, &description()).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn openid_registration_section_5_a_sector_lists_the_redirect_uris_of_its_clients() {
    let fixture = Fixture::with_registration().await;
    let token = fixture.initial(1).await;
    let mut body = description();
    body["subject_type"] = "pairwise".into();
    body["sector_identifier_uri"] = "https://s.example/uris".into();
    fixture.web.put("https://s.example/uris", &json!(["https://other.example/cb"]));
    assert_eq!(fixture.register(&token, &body).await.error(), (400, "invalid_client_metadata".into()));
    fixture.web.put("https://s.example/uris", &json!([CALLBACK, "https://other.example/cb"]));
    let registered = fixture.register(&token, &body).await;
    assert_eq!(registered.json()["subject_type"], "pairwise", "{registered:?}");
}

#[tokio::test]
async fn nobody_registers_where_that_is_not_configured_or_with_a_token_that_is_not_good() {
    let closed = Fixture::start().await;
    let admin = closed.admin_token().await;
    assert_eq!(closed.register("x", &description()).await.status, StatusCode::NOT_FOUND);
    let refused = closed.admin(Method::POST, "registration-tokens", &admin, &json!({})).await;
    assert_eq!(refused.error(), (409, "conflict".into()));
    let metadata = closed.get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(metadata.get("registration_endpoint"), None);

    let fixture = Fixture::with_registration().await;
    let admin = fixture.admin_token().await;
    for token in ["", "x", &admin, PlainSecret::new(SecretKind::InitialAccess, [1; 32]).expose()] {
        assert_eq!(fixture.register(token, &description()).await.error(), (401, "invalid_token".into()), "{token}");
    }
    for body in
        [json!({ "uses": 0 }), json!({ "uses": 1_001 }), json!({ "expires_in": 0 }), json!({ "expires_in": 2_592_001 })]
    {
        let answer = fixture.admin(Method::POST, "registration-tokens", &admin, &body).await;
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{body}");
    }
    let short = fixture.admin(Method::POST, "registration-tokens", &admin, &json!({ "expires_in": 1 })).await;
    while unix_now().as_secs() < short.json()["expires"].as_u64().unwrap() {
        tokio::task::yield_now().await;
    }
    let late = fixture.register(&short.text("token"), &description()).await;
    assert_eq!(late.error(), (401, "invalid_token".into()));
}
