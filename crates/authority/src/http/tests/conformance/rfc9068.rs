//! The JWT Profile for Access Tokens.

use super::*;
use probity_jose::JwkSet;

/// RFC 9068 section 2.1: a token is signed by a published key and has its own type, so that no other JWT is taken for it.
#[tokio::test]
async fn a_token_has_its_type_and_is_signed_by_a_published_key() {
    let fixture = Fixture::start().await;
    let token = fixture.service_token().await;
    let header = header(&token);
    assert_eq!(header["typ"], "at+jwt");
    assert_ne!(header["alg"], "none");
    let keys = fixture.get("/jwks", &[]).await.json();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap().clone();
    assert_eq!(key["alg"], header["alg"]);
    let set = JwkSet::parse(serde_json::json!({ "keys": [key] }).to_string().as_bytes()).unwrap();
    let now = probity_verifier::clock::unix_now();
    assert!(probity_verifier::OwnTokens::new(ISSUER, 0).verify(&token, &set, now).is_ok());
}

/// RFC 9068 section 2.2: every claim that is required is there, for a user and for a client.
#[tokio::test]
async fn a_token_has_every_required_claim() {
    let fixture = Fixture::start().await;
    let of_user = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await.text("access_token");
    for token in [fixture.service_token().await, of_user.clone()] {
        let claims = claims(&token);
        for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
            assert!(!claims[name].is_null(), "{name} in {claims}");
        }
        assert!(claims["scope"].is_string(), "section 2.2.3");
    }
    // Section 2.2.1: the login itself, not the last refresh.
    let of_user = claims(&of_user);
    assert!(of_user["auth_time"].is_u64() && of_user["amr"].is_array() && of_user["acr"].is_string());
}

/// RFC 9068 section 5: a client's name never comes out as a user's.
#[tokio::test]
async fn a_subject_of_a_client_is_its_name_and_of_a_user_is_none_of_any_client() {
    let fixture = Fixture::start().await;
    assert_eq!(claims(&fixture.service_token().await)["sub"], "service");
    let token = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await.text("access_token");
    let subject = claims(&token)["sub"].as_str().unwrap().to_owned();
    assert!(fixture.config.clients.iter().all(|client| client.client_id != subject));
}
