//! The metadata is true.

use super::*;

/// RFC 8414 section 3: the document is at its place and names the issuer.
#[tokio::test]
async fn both_documents_are_the_same_and_name_the_issuer() {
    let fixture = Fixture::start().await;
    let openid = fixture.get("/.well-known/openid-configuration", &[]).await;
    assert_eq!(openid.json()["issuer"], ISSUER);
    assert_eq!(openid.headers["content-type"], "application/json");
    assert_eq!(fixture.get("/.well-known/oauth-authorization-server", &[]).await.body, openid.body);
}

/// RFC 8414 section 2: every endpoint that is named is there.
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
    assert_eq!(named, 11);
}

/// RFC 8414 section 2: every response mode that is named works.
#[tokio::test]
async fn every_response_mode_that_is_named_brings_a_code() {
    let fixture = Fixture::start().await;
    let metadata = fixture.get("/.well-known/openid-configuration", &[]).await.json();
    let session = fixture.log_in().await;
    let modes = metadata["response_modes_supported"].as_array().unwrap();
    assert_eq!(modes.len(), 5);
    for mode in modes {
        let path = authorize_path("app", &[("response_mode", mode.as_str().unwrap())]);
        let answer = fixture.get(&path, &[("cookie", &session)]).await;
        let brought = if answer.status == StatusCode::OK {
            answer.form("form_post").into_keys().collect()
        } else {
            answer.location().query_pairs().map(|(name, _)| name.into_owned()).collect::<Vec<_>>()
        };
        let expected = if mode.as_str().unwrap().ends_with("jwt") { "response" } else { "code" };
        assert!(brought.iter().any(|name| name == expected), "{mode}: {brought:?}");
    }
}

/// OpenID Connect Discovery section 3: every algorithm that is named has a key.
#[tokio::test]
async fn every_algorithm_that_is_named_has_a_key_and_can_be_chosen() {
    let fixture = Fixture::start().await;
    let metadata = fixture.get("/.well-known/openid-configuration", &[]).await.json();
    let keys = fixture.get("/jwks", &[]).await.json();
    for name in ["id_token", "userinfo", "authorization"] {
        let named = metadata[format!("{name}_signing_alg_values_supported")].as_array().unwrap();
        assert_eq!(named, &["ES256", "EdDSA"], "{name}");
        for algorithm in named {
            assert!(keys["keys"].as_array().unwrap().iter().any(|key| &key["alg"] == algorithm), "{algorithm}");
        }
    }
}

/// OpenID Connect Discovery section 3: every claim of a token is named.
#[tokio::test]
async fn every_claim_of_a_token_is_named_and_every_class_is_reached() {
    let fixture = Fixture::start().await;
    let metadata = fixture.get("/.well-known/openid-configuration", &[]).await.json();
    let named = metadata["claims_supported"].as_array().unwrap();
    let more = [("scope", "openid profile email phone address"), ("nonce", "n")];
    let answer = fixture.redeem(&fixture.code_with(&fixture.log_in().await, &more).await).await;
    let id_token = claims(&answer.text("id_token"));
    let userinfo = fixture.userinfo(&answer.text("access_token")).await.json();
    for name in id_token.as_object().unwrap().keys().chain(userinfo.as_object().unwrap().keys()) {
        assert!(named.contains(&name.as_str().into()), "{name}");
    }
    assert_eq!(metadata["acr_values_supported"], serde_json::json!([id_token["acr"]]));
}

/// RFC 8414 section 2: every grant type that is named works.
#[tokio::test]
async fn every_grant_type_that_is_named_works_and_no_other() {
    let fixture = Fixture::start().await;
    let metadata = fixture.get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(
        metadata["grant_types_supported"],
        serde_json::json!([
            "authorization_code",
            "client_credentials",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ])
    );
    let tokens = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    assert_eq!(fixture.refresh(&tokens.text("refresh_token")).await.status, StatusCode::OK);
    assert!(fixture.is_active(&fixture.service_token().await).await);
}

/// OpenID Connect Discovery section 3: the key set has public keys only.
#[tokio::test]
async fn the_key_set_has_public_keys_only() {
    let fixture = Fixture::start().await;
    let set = fixture.get("/jwks", &[]).await;
    assert_eq!(set.headers["content-type"], "application/jwk-set+json");
    let keys = set.json()["keys"].clone();
    let keys = keys.as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        let expected = if key["alg"] == "ES256" { ["EC", "P-256"] } else { ["OKP", "Ed25519"] };
        assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&expected[0].into(), &expected[1].into(), &"sig".into()));
        assert!(key.get("d").is_none());
    }
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
