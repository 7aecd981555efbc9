//! OpenID Connect Discovery 1.0.

use super::*;

/// OpenID Connect Discovery section 3: every member that is required is there, and RS256 is among the algorithms.
#[tokio::test]
async fn the_document_has_what_is_required_and_rs256_unless_it_was_taken_out() {
    let fixture = Fixture::with(|config| config.signing_algorithms = crate::config::default_signing_algorithms()).await;
    let document = fixture.discovery().await;
    for name in [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    ] {
        assert!(!document[name].is_null(), "{name}");
    }
    assert!(document["id_token_signing_alg_values_supported"].as_array().unwrap().contains(&"RS256".into()));
    for (name, value) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name.ends_with("_uri") {
            assert!(value.as_str().unwrap().starts_with("https://"), "{name}");
        }
    }
}

/// OpenID Connect Discovery section 4.3: the issuer is the one that was asked, and the one of its tokens.
#[tokio::test]
async fn the_issuer_is_the_one_of_the_tokens() {
    let fixture = Fixture::start().await;
    let answer = fixture.redeem(&fixture.code_with(&fixture.log_in().await, &[("scope", "openid")]).await).await;
    assert_eq!(fixture.discovery().await["issuer"], ISSUER);
    assert_eq!(claims(&answer.text("id_token"))["iss"], ISSUER);
}
