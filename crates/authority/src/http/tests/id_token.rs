//! ID tokens: OpenID Connect Core 1.0.

use super::*;
use crate::domain::client::metadata::SubjectType;
use probity_jose::{JwkSet, SignatureAlgorithm, UnixTime, jwt};
use probity_verifier::clock::unix_now;
use serde_json::json;

impl Fixture {
    /// The ID token of a request with these parameters, verified as a client does it.
    async fn id_token(&self, session: &str, more: &[(&str, &str)]) -> Value {
        let mut more = more.to_vec();
        if !more.iter().any(|(name, _)| *name == "scope") {
            more.push(("scope", "openid"));
        }
        let answer = self.redeem(&self.code_with(session, &more).await).await;
        let nonce = more.iter().find(|(name, _)| *name == "nonce").map(|(_, value)| *value);
        self.verify_id_token(&answer.text("id_token"), nonce).await
    }

    async fn verify_id_token(&self, token: &str, nonce: Option<&str>) -> Value {
        let keys = JwkSet::parse(self.get("/jwks", &[]).await.body.as_bytes()).unwrap();
        let verifier = jwt::IdTokenVerifier::new(ISSUER, "app", SignatureAlgorithm::ALL.iter().copied());
        verifier.verify(token, &keys, unix_now(), nonce).unwrap().into_claims()
    }
}

fn algorithm(token: &str) -> String {
    let header: Value = serde_json::from_slice(&base64url::decode(token.split('.').next().unwrap()).unwrap()).unwrap();
    header["alg"].as_str().unwrap().to_owned()
}

/// OpenID Connect Core section 2: the claims of an ID token.
#[tokio::test]
async fn section_2_an_id_token_has_the_claims_of_the_login_and_no_others() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let before = unix_now();
    let answer =
        fixture.redeem(&fixture.code_with(&session, &[("scope", "openid profile"), ("nonce", "n-1")]).await).await;
    let token = answer.text("id_token");
    let claims = fixture.verify_id_token(&token, Some("n-1")).await;
    let mut names: Vec<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["acr", "amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid", "sub"]);
    assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["pwd"]), &"urn:probity:acr:password".into()));
    let auth_time = UnixTime::from_secs(claims["auth_time"].as_u64().unwrap());
    assert!(before.since(auth_time) < 60 && auth_time <= unix_now());
    // Section 3.1.3.6: the client checks that the access token is the one that came along.
    let hash = jwt::half_hash(SignatureAlgorithm::Es256, &answer.text("access_token"));
    assert_eq!(claims["at_hash"].as_str(), hash.as_deref());
}

/// OpenID Connect Core section 12.2: the ID token of a refresh.
#[tokio::test]
async fn section_12_2_a_refresh_gives_an_id_token_of_the_same_login_without_the_nonce() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let first = fixture.redeem(&fixture.code_with(&session, &[("scope", "openid"), ("nonce", "n-1")]).await).await;
    let second = fixture.refresh(&first.text("refresh_token")).await;
    let (first, second) = (claims(&first.text("id_token")), claims(&second.text("id_token")));
    for name in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(first[name], second[name], "{name}");
    }
    assert_eq!((&first["nonce"], second.get("nonce")), (&"n-1".into(), None));
}

#[tokio::test]
async fn each_client_gets_its_own_algorithm_and_whoever_says_nothing_the_default() {
    let fixture = Fixture::with(|config| {
        config.signing_algorithms =
            ["ES256", "RS256", "PS256", "EdDSA"].map(|n| PublicAlgorithm::parse(n).unwrap()).into();
        for (client, name) in [("rs", "RS256"), ("ps", "PS256"), ("ed", "EdDSA")] {
            let metadata = ClientMetadata {
                id_token_signed_response_alg: PublicAlgorithm::parse(name),
                ..ClientMetadata::default()
            };
            config.clients.push(ClientConfig { client_id: client.into(), metadata, ..config.clients[0].clone() });
        }
    })
    .await;
    let session = fixture.log_in().await;
    let keys = JwkSet::parse(fixture.get("/jwks", &[]).await.body.as_bytes()).unwrap();
    for (client, expected) in [("app", "ES256"), ("rs", "RS256"), ("ps", "PS256"), ("ed", "EdDSA")] {
        let path = authorize_path(client, &[("scope", "openid")]);
        let location = fixture.get(&path, &[("cookie", &session)]).await.location();
        let answer = fixture.redeem_as(client, &parameter(&location, "code").unwrap()).await;
        let token = answer.text("id_token");
        assert_eq!(algorithm(&token), expected, "{client}");
        let verifier = jwt::IdTokenVerifier::new(ISSUER, client, [expected.parse().unwrap()]);
        let claims: Value = verifier.verify(&token, &keys, unix_now(), None).unwrap().into_claims();
        let hash = jwt::half_hash(expected.parse().unwrap(), &answer.text("access_token"));
        assert_eq!(claims["at_hash"].as_str(), hash.as_deref(), "{client}: the hash is that of the algorithm");
        assert_eq!(algorithm(&answer.text("access_token")), "ES256", "{client}: an access token is for the audience");
    }
}

/// OpenID Connect Core section 8: pairwise subjects.
#[tokio::test]
async fn section_8_a_pairwise_client_learns_a_name_that_nobody_else_knows_and_it_dies_with_the_subject() {
    let pairwise = ClientMetadata { subject_type: SubjectType::Pairwise, ..ClientMetadata::default() };
    let fixture = Fixture::with(|config| {
        config.clients.push(ClientConfig {
            client_id: "public".into(),
            metadata: ClientMetadata::default(),
            ..config.clients[0].clone()
        });
        config.clients[0].metadata = pairwise.clone();
        config.clients.push(ClientConfig {
            client_id: "elsewhere".into(),
            redirect_uris: vec!["https://elsewhere.example/cb".into()],
            metadata: pairwise,
            ..config.clients[0].clone()
        });
    })
    .await;
    let session = fixture.log_in().await;
    let mut tokens = Vec::new();
    for (client, uri) in [("app", CALLBACK), ("elsewhere", "https://elsewhere.example/cb"), ("public", CALLBACK)] {
        let path = authorize_path(client, &[("scope", "openid"), ("redirect_uri", uri)]);
        let location = fixture.get(&path, &[("cookie", &session)]).await.location();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", &parameter(&location, "code").unwrap()),
            ("code_verifier", VERIFIER),
        ];
        tokens.push(fixture.post("/token", &[], &form).await);
    }
    let access: Vec<_> = tokens.iter().map(|answer| answer.text("access_token")).collect();
    let names: Vec<_> = access.iter().map(|token| claims(token)["sub"].clone()).collect();
    assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2], "{names:?}");
    for (answer, name) in tokens.iter().zip(&names) {
        assert_eq!(&claims(&answer.text("id_token"))["sub"], name);
        assert_eq!(&fixture.userinfo(&answer.text("access_token")).await.json()["sub"], name);
    }
    let again = fixture.redeem(&fixture.code_with(&session, &[("scope", "openid")]).await).await;
    assert_eq!(claims(&again.text("id_token"))["sub"], names[0], "the same name each time");
    let subject = names[2].as_str().unwrap().to_owned();
    fixture.state().revoke(&crate::domain::revocation::Order::Subject(subject), unix_now()).await.unwrap();
    for token in &access {
        assert!(!fixture.is_active(token).await, "whatever name a token carries, it dies with its user");
    }
}

/// OpenID Connect Core section 5.5: claims that are asked for in the ID token.
#[tokio::test]
async fn section_5_5_a_claim_that_is_asked_for_in_the_id_token_is_there() {
    let fixture = Fixture::start().await;
    let request =
        json!({"id_token": {"email": null, "name": {"essential": true}, "department": null, "birthdate": null}});
    let session = fixture.log_in().await;
    let claims = fixture.id_token(&session, &[("claims", &request.to_string())]).await;
    assert_eq!((&claims["email"], &claims["name"]), (&"alice@example.org".into(), &"Alice Example".into()));
    assert!(claims.get("department").is_none(), "not a standard claim, so nobody has allowed it");
    assert!(claims.get("birthdate").is_none(), "not known");
}

/// OpenID Connect Core section 5.5.1: a subject that is asked for.
#[tokio::test]
async fn section_5_5_1_a_subject_that_is_asked_for_must_be_the_one_who_is_there() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let subject = fixture.id_token(&session, &[]).await["sub"].as_str().unwrap().to_owned();
    let request = |subject: &str| json!({"id_token": {"sub": {"value": subject}}}).to_string();
    fixture.id_token(&session, &[("claims", &request(&subject)), ("prompt", "none")]).await;
    let path = authorize_path("app", &[("claims", &request("somebody")), ("prompt", "none")]);
    let refused = fixture.get(&path, &[("cookie", &session)]).await.location();
    assert_eq!(parameter(&refused, "error").as_deref(), Some("login_required"));
}

/// OpenID Connect Core section 5.5.1.1: an essential acr that is not reached.
#[tokio::test]
async fn section_5_5_1_1_an_essential_class_that_no_login_reaches_is_an_error() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let request = json!({"id_token": {"acr": {"essential": true, "values": ["gold"]}}}).to_string();
    let path = authorize_path("app", &[("claims", &request)]);
    let refused = fixture.get(&path, &[("cookie", &session)]).await.location();
    assert_eq!(parameter(&refused, "error").as_deref(), Some("unmet_authentication_requirements"));
}

/// OpenID Connect Core section 3.1.2.1: id_token_hint.
#[tokio::test]
async fn section_3_1_2_1_a_hint_of_another_user_needs_a_login_and_a_forged_one_is_an_error() {
    let fixture = Fixture::with(with_bob).await;
    let (alice, bob) = (fixture.log_in().await, fixture.log_in_as("bob").await);
    let hint = async |session: &str| {
        fixture.redeem(&fixture.code_with(session, &[("scope", "openid")]).await).await.text("id_token")
    };
    let (hint_of_alice, hint_of_bob) = (hint(&alice).await, hint(&bob).await);
    let ask = async |hint: &str, prompt: &str| {
        let path = authorize_path("app", &[("id_token_hint", hint), ("prompt", prompt)]);
        fixture.get(&path, &[("cookie", &alice)]).await
    };
    assert!(parameter(&ask(&hint_of_alice, "none").await.location(), "code").is_some());
    let refused = ask(&hint_of_bob, "none").await.location();
    assert_eq!(parameter(&refused, "error").as_deref(), Some("login_required"));
    assert!(ask(&hint_of_bob, "").await.body.contains("id=\"login\""));
    let access = fixture.redeem(&fixture.code(&alice).await).await.text("access_token");
    for forged in ["x", &hint_of_alice.replacen("eyJ", "eyK", 1), &format!("{hint_of_alice}x"), &access] {
        let refused = ask(forged, "none").await.location();
        assert_eq!(parameter(&refused, "error").as_deref(), Some("invalid_request"), "{forged}");
    }
    let elsewhere = authorize_path("other", &[("id_token_hint", &hint_of_alice), ("scope", "openid")]);
    let refused = fixture.get(&elsewhere, &[("cookie", &alice)]).await.location();
    assert_eq!(parameter(&refused, "error").as_deref(), Some("invalid_request"), "another client's ID token");
}

/// OpenID Connect Core section 11: offline access.
#[tokio::test]
async fn section_11_offline_access_outlives_the_session_and_says_no_session() {
    let fixture = Fixture::with(|config| config.clients[0].scopes.push("offline_access".into())).await;
    let session = fixture.log_in().await;
    let online = fixture.redeem(&fixture.code_with(&session, &[("scope", "openid")]).await).await;
    let offline = fixture.redeem(&fixture.code_with(&session, &[("scope", "openid offline_access")]).await).await;
    assert!(claims(&offline.text("access_token")).get("sid").is_none());
    assert_eq!(claims(&offline.text("id_token"))["sid"], claims(&online.text("access_token"))["sid"]);
    let sid = claims(&online.text("access_token"))["sid"].as_str().unwrap().to_owned();
    let ended = fixture.state().store.session(&sid).await.unwrap().unwrap();
    let order = crate::domain::revocation::Order::Session { id: sid, place: ended.place };
    fixture.state().revoke(&order, unix_now()).await.unwrap();
    assert_eq!(fixture.refresh(&online.text("refresh_token")).await.error(), (400, "invalid_grant".into()));
    assert!(fixture.is_active(&offline.text("access_token")).await);
    let refreshed = fixture.refresh(&offline.text("refresh_token")).await;
    assert_eq!(refreshed.status, StatusCode::OK, "{refreshed:?}");
    // But not its user.
    let subject = claims(&offline.text("access_token"))["sub"].as_str().unwrap().to_owned();
    fixture.state().revoke(&crate::domain::revocation::Order::Subject(subject), unix_now()).await.unwrap();
    assert_eq!(fixture.refresh(&refreshed.text("refresh_token")).await.error(), (400, "invalid_grant".into()));
    assert!(!fixture.is_active(&refreshed.text("access_token")).await);
}
