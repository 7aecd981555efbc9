//! Resource Indicators.

use super::*;

/// RFC 8707 section 2: a resource is an absolute URI without fragment, also at the authorization endpoint.
#[tokio::test]
async fn a_resource_that_is_no_absolute_uri_without_fragment_is_an_invalid_target() {
    let fixture = Fixture::start().await;
    for resource in ["api", "/api", "https://api.example#part", "https://elsewhere.example"] {
        let form = [("grant_type", "client_credentials"), ("resource", resource)];
        assert_eq!(fixture.post_as_service("/token", &form).await.error(), (400, "invalid_target".into()));
        let location = fixture.authorize("", &[("resource", resource)]).await.location();
        assert_eq!(parameter(&location, "error").as_deref(), Some("invalid_target"), "{resource}");
    }
}
