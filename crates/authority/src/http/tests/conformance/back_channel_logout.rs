//! OpenID Connect Back-Channel Logout 1.0.

use super::*;

/// OpenID Connect Back-Channel Logout section 2.1: the metadata says that it is supported, with the session.
#[tokio::test]
async fn the_metadata_says_that_clients_are_told_which_session_has_ended() {
    let metadata = Fixture::start().await.discovery().await;
    assert_eq!(metadata["backchannel_logout_supported"], true);
    assert_eq!(metadata["backchannel_logout_session_supported"], true);
}

/// OpenID Connect Back-Channel Logout section 2.2: the address is https and has no fragment.
#[tokio::test]
async fn an_address_that_can_not_be_told_is_not_registered() {
    let fixture = Fixture::start().await;
    for uri in ["http://app.example/logout", "https://app.example/logout#x", "/logout"] {
        let mut config = fixture.config.clone();
        config.clients[0].metadata.backchannel_logout_uri = Some(uri.into());
        assert!(config.check().unwrap_err().to_string().contains("backchannel_logout_uri"), "{uri}");
    }
}
