//! Mutual-TLS Client Authentication and Certificate-Bound Access Tokens.

use super::*;

/// RFC 8705 section 3.4: a client that wants bound tokens and has no certificate gets none.
#[tokio::test]
async fn a_client_whose_tokens_are_bound_gets_none_without_a_certificate() {
    let fixture = Fixture::with(|config| {
        config.client_certificates = Some(crate::config::ClientCertificatesConfig::default());
        config.clients[2].metadata.tls_client_certificate_bound_access_tokens = true;
    })
    .await;
    let answer = fixture.post_as_service("/token", &[("grant_type", "client_credentials")]).await;
    assert_eq!(answer.error(), (400, "invalid_request".into()));
    assert_eq!(fixture.discovery().await["tls_client_certificate_bound_access_tokens"], true, "section 3.3");
}
