//! `/userinfo`: OpenID Connect Core 1.0 section 5.3.

use super::*;
use probity_jose::{JwkSet, SignatureAlgorithm, jws};
use serde_json::json;

impl Fixture {
    pub(super) async fn userinfo(&self, token: &str) -> Answer {
        self.get("/userinfo", &[("authorization", &format!("Bearer {token}"))]).await
    }

    async fn token_with(&self, more: &[(&str, &str)]) -> String {
        self.redeem(&self.code_with(&self.log_in().await, more).await).await.text("access_token")
    }
}

/// OpenID Connect Core section 5.4: each scope opens its claims.
#[tokio::test]
async fn section_5_4_each_scope_opens_its_claims_and_no_others() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    for (scope, claims) in [
        ("openid", json!({})),
        ("openid email", json!({"email": "alice@example.org", "email_verified": true})),
        ("openid profile", json!({"name": "Alice Example", "preferred_username": "alice"})),
        ("openid phone address", json!({"phone_number": "+49 30 1234", "address": {"locality": "Berlin"}})),
    ] {
        let answer = fixture.redeem(&fixture.code_with(&session, &[("scope", scope)]).await).await;
        let userinfo = fixture.userinfo(&answer.text("access_token")).await;
        assert_eq!(userinfo.headers["content-type"], "application/json");
        let mut userinfo = userinfo.json();
        let subject = userinfo.as_object_mut().unwrap().remove("sub").unwrap();
        assert_eq!(userinfo, claims, "{scope}");
        assert_eq!(subject, super::claims(&answer.text("id_token"))["sub"]);
    }
}

#[tokio::test]
async fn section_5_5_a_claim_that_is_asked_for_at_userinfo_is_there_also_after_a_refresh() {
    let fixture = Fixture::start().await;
    let request = json!({"userinfo": {"email": null, "department": {"essential": true}}}).to_string();
    let code = fixture.code_with(&fixture.log_in().await, &[("scope", "openid"), ("claims", &request)]).await;
    let first = fixture.redeem(&code).await;
    let second = fixture.refresh(&first.text("refresh_token")).await;
    for answer in [first, second] {
        let userinfo = fixture.userinfo(&answer.text("access_token")).await.json();
        assert_eq!(userinfo["email"], "alice@example.org");
        assert!(userinfo.get("department").is_none(), "nobody has allowed it: {userinfo}");
    }
}

/// OpenID Connect Core section 5.3.2: signed userinfo.
#[tokio::test]
async fn section_5_3_2_a_client_that_wants_it_gets_a_signed_answer() {
    let metadata =
        ClientMetadata { userinfo_signed_response_alg: Some(PublicAlgorithm::EDDSA), ..ClientMetadata::default() };
    let fixture = Fixture::with_metadata(metadata).await;
    let answer = fixture.userinfo(&fixture.token_with(&[("scope", "openid email")]).await).await;
    assert_eq!(answer.headers["content-type"], "application/jwt");
    let keys = JwkSet::parse(fixture.get("/jwks", &[]).await.body.as_bytes()).unwrap();
    let verified = jws::Verifier::new([SignatureAlgorithm::EdDsa]).verify(&answer.body, &keys).unwrap();
    let claims: Value = serde_json::from_slice(verified.payload()).unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&ISSUER.into(), &"app".into()));
    assert_eq!(claims["email"], "alice@example.org");
}

/// OpenID Connect Core section 5.3.1: how the token comes.
#[tokio::test]
async fn section_5_3_1_the_token_comes_in_the_header_or_in_a_form_and_never_twice() {
    let fixture = Fixture::start().await;
    let token = fixture.token_with(&[("scope", "openid")]).await;
    let bearer = format!("Bearer {token}");
    let header = [("authorization", bearer.as_str())];
    let form = [("access_token", token.as_str())];
    assert_eq!(fixture.userinfo(&token).await.status, StatusCode::OK);
    assert_eq!(fixture.post("/userinfo", &header, &[]).await.status, StatusCode::OK);
    assert_eq!(fixture.post("/userinfo", &[], &form).await.status, StatusCode::OK);
    assert_eq!(fixture.post("/userinfo", &header, &form).await.error(), (400, "invalid_request".into()));
    let in_query = fixture.get(&format!("/userinfo?access_token={token}"), &[]).await;
    assert_eq!(in_query.status, StatusCode::UNAUTHORIZED, "never in an address (RFC 9700 section 4.3.2)");
}

/// OpenID Connect Core section 5.3.3: errors of userinfo.
#[tokio::test]
async fn section_5_3_3_an_error_is_one_of_bearer_tokens() {
    let fixture = Fixture::start().await;
    let none = fixture.get("/userinfo", &[]).await;
    assert_eq!(
        (none.status, none.headers["www-authenticate"].to_str().unwrap()),
        (StatusCode::UNAUTHORIZED, "Bearer realm=\"probity\"")
    );
    let plain = fixture.token_with(&[("scope", "read")]).await;
    let refused = fixture.userinfo(&plain).await;
    assert_eq!(refused.error(), (403, "insufficient_scope".into()));
    assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("scope=\"openid\""));
    let good = fixture.redeem(&fixture.code_with(&fixture.log_in().await, &[("scope", "openid")]).await).await;
    let access = good.text("access_token");
    let service = fixture.service_token().await;
    for token in ["x", &format!("{access}x"), &good.text("id_token"), &good.text("refresh_token")] {
        let refused = fixture.userinfo(token).await;
        assert_eq!(refused.error(), (401, "invalid_token".into()), "{token}");
        assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("error=\"invalid_token\""));
    }
    assert_eq!(fixture.userinfo(&service).await.error(), (403, "insufficient_scope".into()));
    fixture.post("/revoke", &[], &[("client_id", "app"), ("token", &access)]).await;
    assert_eq!(fixture.userinfo(&access).await.error(), (401, "invalid_token".into()), "a revoked token");
}
