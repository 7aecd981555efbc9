//! JWT-Secured Authorization Requests.

use super::*;

/// RFC 9101 section 5: request and request_uri do not come together, and what is unsigned is no request object.
#[tokio::test]
async fn an_object_beside_a_reference_or_without_signature_is_refused() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let claims = serde_json::json!({"iss": "app", "aud": ISSUER, "client_id": "app", "response_type": "code"});
    let encode = |value: &Value| base64url::encode(value.to_string().as_bytes());
    let unsigned = format!("{}.{}.", encode(&serde_json::json!({"alg": "none"})), encode(&claims));
    let refused = fixture.authorize(&session, &[("request", &unsigned)]).await.location();
    assert_eq!(parameter(&refused, "error").as_deref(), Some("invalid_request_object"));
    let both = [("request", unsigned.as_str()), ("request_uri", "urn:ietf:params:oauth:request_uri:par_x")];
    let both = fixture.authorize(&session, &both).await;
    assert!(both.status.is_client_error() || parameter(&both.location(), "error").is_some(), "{both:?}");
    assert!(both.headers.get(LOCATION).is_none_or(|to| !to.to_str().unwrap().contains("code=")));
}

/// RFC 9101 section 10.5: the metadata says that objects are read, and which algorithms they may have, none not being one.
#[tokio::test]
async fn the_metadata_says_how_objects_may_be_signed() {
    let metadata = Fixture::start().await.discovery().await;
    assert_eq!(metadata["request_parameter_supported"], true);
    let algorithms = metadata["request_object_signing_alg_values_supported"].as_array().unwrap();
    assert!(algorithms.contains(&"ES256".into()) && !algorithms.contains(&"none".into()));
}
