//! `POST /introspect`.

use super::*;
use probity_jose::{JwkSet, SignatureAlgorithm, jws};

use crate::domain::algorithm::PublicAlgorithm;

/// RFC 7662 section 2.2: a live token is described, a dead one is inactive.
#[tokio::test]
async fn a_live_token_is_described_and_everything_else_is_just_inactive() {
    let fixture = Fixture::start().await;
    let tokens = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    let access = tokens.text("access_token");
    let answer = fixture.post_as_service("/introspect", &[("token", &access)]).await.json();
    let said = claims(&access);
    for name in ["iss", "sub", "client_id", "scope", "jti", "exp", "iat", "sid"] {
        assert_eq!(answer[name], said[name], "{name}");
    }
    assert_eq!((&answer["active"], &answer["aud"]), (&true.into(), &AUDIENCE.into()));
    // The ID token is no access token, the refresh token is another client's, a changed token is nobody's.
    let changed = format!("{access}A");
    for token in [&tokens.text("id_token"), &tokens.text("refresh_token"), &changed, "x", "a.b.c"] {
        let answer = fixture.post_as_service("/introspect", &[("token", token)]).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "{\"active\":false}"), "{token}");
    }
}

/// RFC 7662 section 2.1: who asks is authenticated.
#[tokio::test]
async fn only_a_client_with_a_secret_may_ask() {
    let fixture = Fixture::start().await;
    for form in [vec![("token", "x")], vec![("token", "x"), ("client_id", "app")]] {
        assert_eq!(fixture.post("/introspect", &[], &form).await.error(), (401, "invalid_client".into()));
    }
    assert_eq!(fixture.post_as_service("/introspect", &[]).await.error(), (400, "invalid_request".into()));
}

#[tokio::test]
async fn rfc_9701_whoever_asks_for_a_signed_answer_gets_one_of_its_own_type_for_itself() {
    let fixture = Fixture::with(|config| {
        let service = config.clients.iter_mut().find(|client| client.client_id == "service").unwrap();
        service.metadata.introspection_signed_response_alg = Some(PublicAlgorithm::EDDSA);
    })
    .await;
    let token = fixture.service_token().await;
    let accept = "application/json;q=0.1, application/token-introspection+jwt";
    let ask = async |token: &str| {
        let headers = [("authorization", basic("service")), ("accept", accept.to_owned())];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fixture.post("/introspect", &headers, &[("token", token)]).await
    };
    let keys = JwkSet::parse(fixture.get("/jwks", &[]).await.body.as_bytes()).unwrap();
    for (token, active) in [(token.as_str(), true), ("x", false)] {
        let answer = ask(token).await;
        assert_eq!(answer.headers["content-type"], "application/token-introspection+jwt");
        let verified = jws::Verifier::new([SignatureAlgorithm::EdDsa]).verify(&answer.body, &keys).unwrap();
        assert_eq!(verified.header().typ(), Some("token-introspection+jwt"));
        let said: Value = serde_json::from_slice(verified.payload()).unwrap();
        assert_eq!((&said["iss"], &said["aud"]), (&ISSUER.into(), &"service".into()));
        assert_eq!(said["token_introspection"]["active"], active);
        let names: Vec<_> = said.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["aud", "iat", "iss", "token_introspection"], "section 5: no sub and no exp beside them");
    }
    assert!(!fixture.is_active(&ask(&token).await.body).await, "the answer is no token");
}
