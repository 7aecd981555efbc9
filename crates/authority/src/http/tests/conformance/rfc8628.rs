//! The Device Authorization Grant.

use super::*;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn fixture() -> Fixture {
    Fixture::with(|config| config.clients[0].grant_types.push(GrantType::DeviceCode)).await
}

async fn poll(fixture: &Fixture, code: &str) -> Answer {
    fixture.post("/token", &[], &[("grant_type", GRANT), ("client_id", "app"), ("device_code", code)]).await
}

/// RFC 8628 section 3.2: the answer to a device has every member that is required.
#[tokio::test]
async fn a_device_is_told_its_codes_where_to_send_its_user_and_for_how_long() {
    let fixture = fixture().await;
    let answer = fixture.post("/device-authorization", &[], &[("client_id", "app")]).await;
    let body = answer.json();
    for name in ["device_code", "user_code", "verification_uri", "verification_uri_complete"] {
        assert!(!body[name].as_str().unwrap().is_empty(), "{name}");
    }
    assert!(body["expires_in"].as_u64().unwrap() > 0 && body["interval"].as_u64().unwrap() > 0, "{body}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    // Section 6.1: no vowels, so that no word comes out, and nothing that is easily mistaken.
    let letters = body["user_code"].as_str().unwrap().replace('-', "");
    assert!(letters.len() >= 8 && letters.bytes().all(|byte| b"BCDFGHJKLMNPQRSTVWXZ".contains(&byte)), "{letters}");
}

/// RFC 8628 section 3.5: a device whose code has expired is told so.
#[tokio::test]
async fn a_device_that_waits_for_too_long_is_told_that_its_code_has_expired() {
    let fixture = fixture().await;
    let code = fixture.post("/device-authorization", &[], &[("client_id", "app")]).await.text("device_code");
    fixture.expire("device_codes");
    assert_eq!(poll(&fixture, &code).await.error(), (400, "expired_token".into()));
}

/// RFC 8628 section 3.1: a confidential client authenticates itself here too.
#[tokio::test]
async fn a_confidential_client_gets_no_device_code_without_its_secret() {
    let fixture = Fixture::with(|config| config.clients[2].grant_types.push(GrantType::DeviceCode)).await;
    let form = [("client_id", "service"), ("scope", "read")];
    assert_eq!(fixture.post("/device-authorization", &[], &form).await.error(), (401, "invalid_client".into()));
    assert_eq!(fixture.post_as_service("/device-authorization", &form).await.status, StatusCode::OK);
}
