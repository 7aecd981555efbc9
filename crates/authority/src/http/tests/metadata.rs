//! The metadata is true.

use super::*;

#[tokio::test]
async fn both_documents_are_the_same_and_name_the_issuer() {
    let fixture = Fixture::start().await;
    let openid = fixture.get("/.well-known/openid-configuration", &[]).await;
    assert_eq!(openid.json()["issuer"], ISSUER);
    assert_eq!(openid.headers["content-type"], "application/json");
    assert_eq!(fixture.get("/.well-known/oauth-authorization-server", &[]).await.body, openid.body);
}

#[tokio::test]
async fn every_endpoint_that_is_named_is_there() {
    let fixture = Fixture::start().await;
    let metadata = fixture.get("/.well-known/openid-configuration", &[]).await.json();
    let mut named = 0;
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            named += 1;
            let url = Url::parse(value.as_str().unwrap()).unwrap();
            let status = fixture.get(url.path(), &[]).await.status;
            assert_ne!(status, StatusCode::NOT_FOUND, "{name}");
        }
    }
    assert_eq!(named, 7);
}

#[tokio::test]
async fn every_grant_type_that_is_named_works_and_no_other() {
    let fixture = Fixture::start().await;
    let metadata = fixture.get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(
        metadata["grant_types_supported"],
        serde_json::json!(["authorization_code", "client_credentials", "refresh_token"])
    );
    let tokens = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    assert_eq!(fixture.refresh(&tokens.text("refresh_token")).await.status, StatusCode::OK);
    assert!(fixture.is_active(&fixture.service_token().await).await);
}

#[tokio::test]
async fn the_key_set_has_public_keys_only() {
    let fixture = Fixture::start().await;
    let set = fixture.get("/jwks", &[]).await;
    assert_eq!(set.headers["content-type"], "application/jwk-set+json");
    let keys = set.json()["keys"].clone();
    let key = keys[0].as_object().unwrap();
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
        (&"EC".into(), &"P-256".into(), &"ES256".into(), &"sig".into())
    );
    assert!(!key.contains_key("d"));
    assert_eq!(keys.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn every_answer_has_the_headers_that_browsers_need() {
    let fixture = Fixture::start().await;
    for path in ["/jwks", "/nowhere", "/token", "/authorize", "/.well-known/openid-configuration", "/style.css"] {
        let answer = fixture.get(path, &[]).await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert!(answer.headers.contains_key("strict-transport-security"), "{path}");
        assert!(answer.headers.contains_key("cache-control"), "{path}");
    }
}
