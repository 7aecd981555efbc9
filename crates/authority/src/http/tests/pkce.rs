//! Who may do without PKCE: OAuth 2.1 section 7.5.1.

use super::register::{description, open};
use super::*;
use serde_json::json;

const OPENID_WITH_NONCE: [(&str, &str); 4] =
    [("code_challenge", ""), ("code_challenge_method", ""), ("scope", "openid read"), ("nonce", "n-1")];

/// `app` is confidential, and excused from PKCE or not.
async fn confidential(nonce_instead_of_pkce: bool) -> Fixture {
    Fixture::with(|config| {
        let secret = config.clients[2].client_secret_file.clone();
        config.clients[0].client_secret_file = secret;
        config.clients[0].policy.nonce_instead_of_pkce = nonce_instead_of_pkce;
    })
    .await
}

impl Fixture {
    /// The answer to an OpenID request of a client with a nonce, and with some parameters changed.
    async fn ask_without_pkce(&self, client: &str, session: &str, change: &[(&str, &str)]) -> Url {
        let change: Vec<_> = OPENID_WITH_NONCE.iter().chain(change).copied().collect();
        self.get(&authorize_path(client, &change), &[(COOKIE.as_str(), session)]).await.location()
    }

    async fn redeem_with(&self, client: &str, secret: &str, code: &str, verifier: Option<&str>) -> Answer {
        let mut form = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
        form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        let authorization = format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")));
        self.post("/token", &[(AUTHORIZATION.as_str(), &authorization)], &form).await
    }
}

#[tokio::test]
async fn an_excused_client_logs_in_by_a_nonce_without_pkce() {
    let fixture = confidential(true).await;
    let session = fixture.log_in().await;
    let code = parameter(&fixture.ask_without_pkce("app", &session, &[]).await, "code").unwrap();
    let tokens = fixture.redeem_with("app", SECRET, &code, None).await;
    assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
    assert_eq!(claims(&tokens.text("id_token"))["nonce"], "n-1");
}

#[tokio::test]
async fn an_excused_client_needs_the_nonce_and_openid() {
    let fixture = confidential(true).await;
    let session = fixture.log_in().await;
    for change in [("nonce", ""), ("scope", "read"), ("code_challenge_method", "S256"), ("code_challenge", CHALLENGE)] {
        let answer = fixture.ask_without_pkce("app", &session, &[change]).await;
        assert_eq!(parameter(&answer, "error").as_deref(), Some("invalid_request"), "{change:?}");
    }
}

#[tokio::test]
async fn an_excused_client_that_uses_pkce_is_bound_by_it() {
    let fixture = confidential(true).await;
    let session = fixture.log_in().await;
    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let code = parameter(&fixture.ask_without_pkce("app", &session, &pkce).await, "code").unwrap();
    let without = fixture.redeem_with("app", SECRET, &code, None).await;
    assert_eq!(without.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.redeem_with("app", SECRET, &code, Some(VERIFIER)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_verifier_for_a_code_whose_challenge_was_taken_away_gets_nothing() {
    let fixture = confidential(true).await;
    let session = fixture.log_in().await;
    let code = parameter(&fixture.ask_without_pkce("app", &session, &[]).await, "code").unwrap();
    let answer = fixture.redeem_with("app", SECRET, &code, Some(VERIFIER)).await;
    assert_eq!(answer.error(), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn nobody_else_is_excused() {
    let fixture = confidential(false).await;
    let session = fixture.log_in().await;
    // `app` has a secret, `other` is public.
    for client in ["app", "other"] {
        let change = if client == "app" { ("scope", "openid read") } else { ("scope", "openid") };
        let answer = fixture.ask_without_pkce(client, &session, &[change]).await;
        assert_eq!(parameter(&answer, "error").as_deref(), Some("invalid_request"), "{client}");
    }
}

#[tokio::test]
async fn an_administrator_can_not_excuse_a_public_client() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let client = |method: &str| {
        json!({
            "grant_types": ["authorization_code"], "redirect_uris": [CALLBACK], "scopes": ["openid"], "audience": AUDIENCE,
            "metadata": { "token_endpoint_auth_method": method }, "policy": { "nonce_instead_of_pkce": true },
        })
    };
    let public = fixture.admin(Method::POST, "clients", &admin, &client("none")).await;
    assert_eq!(public.status, StatusCode::BAD_REQUEST, "{public:?}");
    let confidential = fixture.admin(Method::POST, "clients", &admin, &client("client_secret_basic")).await;
    assert_eq!(confidential.status, StatusCode::CREATED, "{confidential:?}");
}

#[tokio::test]
async fn a_client_that_registers_itself_is_excused_by_the_operator_only_and_never_as_a_public_one() {
    for excused in [false, true] {
        let fixture = Fixture::with(|config| {
            open(config);
            config.registration.as_mut().unwrap().nonce_instead_of_pkce = excused;
        })
        .await;
        let session = fixture.log_in().await;
        let token = fixture.initial(2).await;
        let mut body = description();
        // It asks for it: that changes nothing.
        body["nonce_instead_of_pkce"] = true.into();
        body["policy"] = json!({ "nonce_instead_of_pkce": true });
        let client = fixture.register(&token, &body).await;
        let (id, own) = (client.text("client_id"), client.text("registration_access_token"));
        let answer = fixture.ask_without_pkce(&id, &session, &[]).await;
        assert_eq!(parameter(&answer, "code").is_some(), excused, "{answer}");
        assert_eq!(parameter(&answer, "error").is_some(), !excused, "{answer}");
        body["token_endpoint_auth_method"] = "none".into();
        let public = fixture.register(&token, &body).await.text("client_id");
        assert_eq!(parameter(&fixture.ask_without_pkce(&public, &session, &[]).await, "code"), None);
        // The code of before is of no use to the public client that it becomes.
        body["client_id"] = id.clone().into();
        let changed = fixture.registration(Method::PUT, &format!("/{id}"), &own, &body).await;
        assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
        assert_eq!(parameter(&fixture.ask_without_pkce(&id, &session, &[]).await, "code"), None);
        if let Some(code) = parameter(&answer, "code") {
            let form = [("grant_type", "authorization_code"), ("code", &code), ("client_id", &id)];
            assert_eq!(fixture.post("/token", &[], &form).await.error(), (400, "invalid_grant".into()));
        }
    }
}
