//! Authorization Server Metadata.

use super::*;

/// RFC 8414 section 2: the members that are required are there, and none is an empty array.
#[tokio::test]
async fn the_metadata_has_what_is_required_and_no_empty_array() {
    let fixture = Fixture::start().await;
    let metadata = fixture.discovery().await;
    for name in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"] {
        assert!(metadata.get(name).is_some(), "{name}");
    }
    for (name, value) in metadata.as_object().unwrap() {
        assert!(value.as_array().is_none_or(|values| !values.is_empty()), "{name}: section 3.2");
        assert!(!value.is_null(), "{name}");
    }
    for name in ["token", "revocation", "introspection"] {
        let name = format!("{name}_endpoint_auth_signing_alg_values_supported");
        let algorithms = metadata[&name].as_array().unwrap();
        assert!(algorithms.iter().all(|algorithm| algorithm != "none"), "{name}");
    }
}

/// RFC 8414 section 3.1: for an issuer with a path the well-known name stands between host and path.
#[tokio::test]
async fn an_issuer_with_a_path_has_its_metadata_where_it_belongs() {
    let fixture = Fixture::with(|config| config.issuer = format!("{ISSUER}/tenant")).await;
    let issuer = format!("{ISSUER}/tenant");
    for path in ["/.well-known/oauth-authorization-server/tenant", "/tenant/.well-known/openid-configuration"] {
        let metadata = fixture.get(path, &[]).await.json();
        assert_eq!(metadata["issuer"], issuer, "{path}: section 3.3");
        let jwks = Url::parse(metadata["jwks_uri"].as_str().unwrap()).unwrap();
        assert_eq!(fixture.get(jwks.path(), &[]).await.status, StatusCode::OK);
    }
    assert_eq!(fixture.get("/.well-known/oauth-authorization-server", &[]).await.status, StatusCode::NOT_FOUND);
}
