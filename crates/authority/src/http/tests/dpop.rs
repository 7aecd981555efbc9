//! DPoP: RFC 9449.

use super::*;
use aws_lc_rs::digest;
use probity_jose::{SignatureAlgorithm, SigningKey, jws};
use probity_verifier::clock::unix_now;
use serde_json::json;

/// Makes proofs.
struct Prover {
    key: SigningKey,
    made: std::cell::Cell<u32>,
}

impl Prover {
    fn new() -> Self {
        Self { key: SigningKey::generate(SignatureAlgorithm::Es256).unwrap(), made: std::cell::Cell::new(0) }
    }

    fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }

    fn claims(&self, method: &str, url: &str, nonce: Option<&str>, token: Option<&str>) -> Value {
        self.made.set(self.made.get() + 1);
        let mut claims = json!({"jti": format!("{}-{}", self.thumbprint(), self.made.get()), "htm": method, "htu": url, "iat": unix_now().as_secs()});
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(token) = token {
            claims["ath"] = base64url::encode(digest::digest(&digest::SHA256, token.as_bytes()).as_ref()).into();
        }
        claims
    }

    fn sign(&self, claims: &Value) -> String {
        let jwk: Value = serde_json::from_str(&self.key.public_jwk().unwrap()).unwrap();
        let header =
            json!({"typ": "dpop+jwt", "jwk": {"kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"]}});
        let header = jws::NewHeader::from_json(header.to_string().as_bytes()).unwrap();
        jws::sign(&header, claims.to_string().as_bytes(), &self.key).unwrap()
    }

    /// A proof for an endpoint that takes forms.
    fn post(&self, fixture: &Fixture, path: &str) -> String {
        self.sign(&self.claims("POST", &format!("{ISSUER}{path}"), Some(&fixture.nonce()), None))
    }

    fn userinfo(&self, fixture: &Fixture, token: &str) -> String {
        self.sign(&self.claims("GET", &format!("{ISSUER}/userinfo"), Some(&fixture.nonce()), Some(token)))
    }
}

impl Fixture {
    /// The nonce that proofs need now.
    fn nonce(&self) -> String {
        self.state().dpop.current_nonce(unix_now())
    }

    async fn redeem_bound(&self, code: &str, proof: Option<&str>) -> Answer {
        let form =
            [("grant_type", "authorization_code"), ("client_id", "app"), ("code", code), ("code_verifier", VERIFIER)];
        self.post("/token", &proof.map(|proof| ("dpop", proof)).into_iter().collect::<Vec<_>>(), &form).await
    }

    async fn refresh_bound(&self, token: &str, proof: Option<&str>) -> Answer {
        let form = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", token)];
        self.post("/token", &proof.map(|proof| ("dpop", proof)).into_iter().collect::<Vec<_>>(), &form).await
    }
}

/// RFC 9449 section 8: a proof without nonce gets the nonce for the next.
#[tokio::test]
async fn section_8_a_proof_without_nonce_costs_nothing_and_gets_the_nonce_for_the_next() {
    let fixture = Fixture::start().await;
    let prover = Prover::new();
    let code = fixture.code_with(&fixture.log_in().await, &[("scope", "openid")]).await;
    let first = prover.sign(&prover.claims("POST", &format!("{ISSUER}/token"), None, None));
    let refused = fixture.redeem_bound(&code, Some(&first)).await;
    assert_eq!(refused.error(), (400, "use_dpop_nonce".into()));
    let nonce = refused.headers["dpop-nonce"].to_str().unwrap().to_owned();
    let second = prover.sign(&prover.claims("POST", &format!("{ISSUER}/token"), Some(&nonce), None));
    let answer = fixture.redeem_bound(&code, Some(&second)).await;
    assert_eq!((answer.status, answer.text("token_type").as_str()), (StatusCode::OK, "DPoP"), "{answer:?}");
    assert!(answer.headers.contains_key("dpop-nonce"), "section 8.2");
    assert_eq!(claims(&answer.text("access_token"))["cnf"], json!({"jkt": prover.thumbprint()}), "section 6.1");
    let introspected = fixture.post_as_service("/introspect", &[("token", &answer.text("access_token"))]).await.json();
    assert_eq!(introspected["cnf"], json!({"jkt": prover.thumbprint()}), "section 6.2");
    assert_eq!(introspected["token_type"], "DPoP");
    assert!(fixture.redeem_bound("x", None).await.headers.get("dpop-nonce").is_none(), "nobody has asked");
}

/// RFC 9449 section 4.3: each fault of a proof refuses it.
#[tokio::test]
async fn section_4_3_each_fault_of_a_proof_refuses_it() {
    let fixture = Fixture::start().await;
    let prover = Prover::new();
    let now = unix_now().as_secs();
    let url = format!("{ISSUER}/token");
    let ask = async |proof: &str| {
        let headers = [("authorization", basic("service")), ("dpop", proof.to_owned())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        fixture.post("/token", &headers, &[("grant_type", "client_credentials")]).await
    };
    let changed = |name: &str, value: Value| {
        let mut claims = prover.claims("POST", &url, Some(&fixture.nonce()), None);
        claims[name] = value;
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        prover.sign(&claims)
    };
    for (name, value, error) in [
        ("htm", json!("GET"), "invalid_dpop_proof"),
        ("htm", Value::Null, "invalid_dpop_proof"),
        ("htu", json!(format!("{ISSUER}/par")), "invalid_dpop_proof"),
        ("htu", json!("https://elsewhere.example/token"), "invalid_dpop_proof"),
        ("htu", Value::Null, "invalid_dpop_proof"),
        ("iat", json!(now - 120), "invalid_dpop_proof"),
        ("iat", json!(now + 120), "invalid_dpop_proof"),
        ("iat", Value::Null, "invalid_dpop_proof"),
        ("jti", Value::Null, "invalid_dpop_proof"),
        ("jti", json!("x".repeat(600)), "invalid_dpop_proof"),
        ("nonce", json!("x"), "use_dpop_nonce"),
        ("nonce", Value::Null, "use_dpop_nonce"),
    ] {
        assert_eq!(ask(&changed(name, value.clone())).await.error(), (400, error.into()), "{name} {value}");
    }
    let good = changed("x", json!(1));
    let other = Prover::new();
    let (head, tail) = (good.rsplit_once('.').unwrap().0, other.post(&fixture, "/token"));
    let forged = format!("{head}.{}", tail.rsplit_once('.').unwrap().1);
    let wrong_type = {
        let header = jws::NewHeader::with_type("JWT");
        jws::sign(
            &header,
            prover.claims("POST", &url, Some(&fixture.nonce()), None).to_string().as_bytes(),
            &prover.key,
        )
    };
    for proof in [forged, wrong_type.unwrap(), "x".to_owned()] {
        assert_eq!(ask(&proof).await.error(), (400, "invalid_dpop_proof".into()), "{proof}");
    }
    assert_eq!(ask(&good).await.status, StatusCode::OK);
    assert_eq!(ask(&good).await.error(), (400, "invalid_dpop_proof".into()), "section 11.1: once");
    let twice = Request::post("/token").header("content-type", "application/x-www-form-urlencoded");
    let twice = twice.header("authorization", basic("service")).header("dpop", prover.post(&fixture, "/token"));
    let twice = twice.header("dpop", prover.post(&fixture, "/token"));
    let twice = fixture.send(twice.body(Body::from("grant_type=client_credentials")).unwrap()).await;
    assert_eq!(twice.error(), (400, "invalid_dpop_proof".into()), "one header");
}

/// RFC 9449 section 5: refresh tokens of a public client are bound to its key.
#[tokio::test]
async fn section_5_refresh_tokens_of_a_public_client_are_bound_to_its_key() {
    let fixture = Fixture::start().await;
    let (prover, thief) = (Prover::new(), Prover::new());
    let code = fixture.code(&fixture.log_in().await).await;
    let token = fixture.redeem_bound(&code, Some(&prover.post(&fixture, "/token"))).await.text("refresh_token");
    let before = fixture.rows();
    let stolen = fixture.refresh_bound(&token, Some(&thief.post(&fixture, "/token"))).await;
    assert_eq!(stolen.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.refresh_bound(&token, None).await.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.rows(), before, "a thief changes nothing");
    let refreshed = fixture.refresh_bound(&token, Some(&prover.post(&fixture, "/token"))).await;
    assert_eq!(claims(&refreshed.text("access_token"))["cnf"], json!({"jkt": prover.thumbprint()}));
}

/// RFC 9449 section 5.2: a client that has said so gets no token without proof.
#[tokio::test]
async fn section_5_2_a_client_that_has_said_so_gets_no_token_without_proof() {
    let metadata = ClientMetadata { dpop_bound_access_tokens: true, ..ClientMetadata::default() };
    let fixture = Fixture::with_metadata(metadata).await;
    let code = fixture.code(&fixture.log_in().await).await;
    assert_eq!(fixture.redeem_bound(&code, None).await.error(), (400, "invalid_dpop_proof".into()));
    let prover = Prover::new();
    assert_eq!(fixture.redeem_bound(&code, Some(&prover.post(&fixture, "/token"))).await.status, StatusCode::OK);
}

/// RFC 9449 section 7.1: a bound token is used with its proof or not at all.
#[tokio::test]
async fn section_7_1_a_bound_token_is_used_with_its_proof_or_not_at_all() {
    let fixture = Fixture::start().await;
    let (prover, thief) = (Prover::new(), Prover::new());
    let session = fixture.log_in().await;
    let code = fixture.code_with(&session, &[("scope", "openid")]).await;
    let token = fixture.redeem_bound(&code, Some(&prover.post(&fixture, "/token"))).await.text("access_token");
    let unbound = fixture.redeem(&fixture.code_with(&session, &[("scope", "openid")]).await).await.text("access_token");
    let ask = async |scheme: &str, token: &str, proof: Option<&str>| {
        let authorization = format!("{scheme} {token}");
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(proof.map(|proof| ("dpop", proof)));
        fixture.get("/userinfo", &headers).await
    };
    let good = prover.userinfo(&fixture, &token);
    assert_eq!(ask("DPoP", &token, Some(&good)).await.status, StatusCode::OK);
    let replayed = ask("DPoP", &token, Some(&good)).await;
    assert_eq!(replayed.error(), (401, "invalid_dpop_proof".into()));
    let challenge = replayed.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.starts_with("DPoP ") && challenge.contains("error=\"invalid_dpop_proof\""), "{challenge}");
    for (scheme, token, proof, error) in [
        ("DPoP", &token, None, "invalid_dpop_proof"),
        ("DPoP", &token, Some(thief.userinfo(&fixture, &token)), "invalid_token"),
        ("DPoP", &token, Some(prover.userinfo(&fixture, &unbound)), "invalid_dpop_proof"),
        ("DPoP", &token, Some(prover.post(&fixture, "/token")), "invalid_dpop_proof"),
        ("DPoP", &unbound, Some(prover.userinfo(&fixture, &unbound)), "invalid_token"),
        // Section 7.2: the downgrade.
        ("Bearer", &token, Some(prover.userinfo(&fixture, &token)), "invalid_token"),
        ("Bearer", &token, None, "invalid_token"),
    ] {
        assert_eq!(ask(scheme, token, proof.as_deref()).await.error(), (401, error.into()), "{scheme} {proof:?}");
    }
    let stale = prover.sign(&prover.claims("GET", &format!("{ISSUER}/userinfo"), None, Some(&token)));
    let stale = ask("DPoP", &token, Some(&stale)).await;
    assert_eq!(stale.error(), (401, "use_dpop_nonce".into()), "section 9");
    assert!(stale.headers["www-authenticate"].to_str().unwrap().contains("error=\"use_dpop_nonce\""));
    assert!(stale.headers.contains_key("dpop-nonce"));
    assert_eq!(
        fixture.post("/userinfo", &[], &[("access_token", &token)]).await.error(),
        (401, "invalid_token".into())
    );
}

/// RFC 9449 section 10: a code can be for one key only.
#[tokio::test]
async fn section_10_a_code_can_be_for_one_key_only() {
    let fixture = Fixture::start().await;
    let (prover, thief) = (Prover::new(), Prover::new());
    let session = fixture.log_in().await;
    let code = fixture.code_with(&session, &[("dpop_jkt", &prover.thumbprint())]).await;
    let before = fixture.rows();
    let stolen = fixture.redeem_bound(&code, Some(&thief.post(&fixture, "/token"))).await;
    assert_eq!(stolen.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.redeem_bound(&code, None).await.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.rows(), before);
    assert_eq!(fixture.redeem_bound(&code, Some(&prover.post(&fixture, "/token"))).await.status, StatusCode::OK);
}

/// RFC 9449 section 10.1: a proof at the pushed request binds the code.
#[tokio::test]
async fn section_10_1_a_proof_at_the_pushed_request_binds_the_code() {
    let fixture = Fixture::start().await;
    let (prover, thief) = (Prover::new(), Prover::new());
    let session = fixture.log_in().await;
    let path = authorize_path("app", &[]);
    let query: Vec<(String, String)> =
        form_urlencoded::parse(path.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
    let push = async |proof: &str, more: &[(&str, &str)]| {
        let mut form: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        form.extend(more);
        fixture.post("/par", &[("dpop", proof)], &form).await
    };
    let reference = push(&prover.post(&fixture, "/par"), &[]).await.text("request_uri");
    let bring = Parameters::default().with("client_id", "app").with("request_uri", &reference).to_text();
    let location = fixture.get(&format!("/authorize?{bring}"), &[("cookie", &session)]).await.location();
    let code = parameter(&location, "code").unwrap();
    let stolen = fixture.redeem_bound(&code, Some(&thief.post(&fixture, "/token"))).await;
    assert_eq!(stolen.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.redeem_bound(&code, Some(&prover.post(&fixture, "/token"))).await.status, StatusCode::OK);
    let other = push(&prover.post(&fixture, "/par"), &[("dpop_jkt", &thief.thumbprint())]).await;
    assert_eq!(other.error(), (400, "invalid_dpop_proof".into()));
    let same = push(&prover.post(&fixture, "/par"), &[("dpop_jkt", &prover.thumbprint())]).await;
    assert_eq!(same.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_proof_at_the_revocation_endpoint_must_be_that_of_the_token() {
    let fixture = Fixture::start().await;
    let (prover, thief) = (Prover::new(), Prover::new());
    let code = fixture.code(&fixture.log_in().await).await;
    let tokens = fixture.redeem_bound(&code, Some(&prover.post(&fixture, "/token"))).await;
    for name in ["access_token", "refresh_token"] {
        let token = tokens.text(name);
        let revoke = async |proof: &str| {
            fixture.post("/revoke", &[("dpop", proof)], &[("client_id", "app"), ("token", &token)]).await
        };
        assert_eq!(revoke("x").await.error(), (400, "invalid_dpop_proof".into()));
        assert_eq!(
            revoke(&thief.post(&fixture, "/revoke")).await.error(),
            (400, "unauthorized_client".into()),
            "{name}"
        );
        assert_eq!(revoke(&prover.post(&fixture, "/revoke")).await.status, StatusCode::OK);
    }
    assert!(!fixture.is_active(&tokens.text("access_token")).await);
}

#[tokio::test]
async fn where_nonces_are_not_required_a_proof_from_before_this_process_is_refused() {
    let fixture = Fixture::with(|config| config.dpop.require_nonce = false).await;
    let prover = Prover::new();
    let ask = async |claims: &Value| {
        let headers = [("authorization", basic("service")), ("dpop", prover.sign(claims))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        fixture.post("/token", &headers, &[("grant_type", "client_credentials")]).await
    };
    let url = format!("{ISSUER}/token");
    assert_eq!(ask(&prover.claims("POST", &url, None, None)).await.status, StatusCode::OK);
    let mut earlier = prover.claims("POST", &url, None, None);
    earlier["iat"] = (unix_now().as_secs() - 30).into();
    assert_eq!(ask(&earlier).await.error(), (400, "invalid_dpop_proof".into()), "its identifier may have been used");
}

#[tokio::test]
async fn a_proof_may_name_the_address_where_certificates_are_asked_for() {
    let fixture = Fixture::with(|config| {
        config.client_certificates = Some(crate::config::ClientCertificatesConfig {
            listen: Some(config.listen),
            url: Some("https://mtls.as.example".into()),
            ca_file: None,
        });
    })
    .await;
    let prover = Prover::new();
    for (base, status) in
        [("https://mtls.as.example", StatusCode::OK), ("https://x.as.example", StatusCode::BAD_REQUEST)]
    {
        let proof = prover.sign(&prover.claims("POST", &format!("{base}/token"), Some(&fixture.nonce()), None));
        let headers = [("authorization", basic("service")), ("dpop", proof)];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = fixture.post("/token", &headers, &[("grant_type", "client_credentials")]).await;
        assert_eq!(answer.status, status, "{base}");
    }
}
