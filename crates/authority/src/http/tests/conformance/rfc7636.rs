//! Proof Key for Code Exchange.

use super::*;

async fn redeem_with(fixture: &Fixture, code: &str, verifier: Option<&str>) -> Answer {
    let mut form =
        vec![("grant_type", "authorization_code"), ("client_id", "app"), ("code", code), ("redirect_uri", CALLBACK)];
    form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
    fixture.post("/token", &[], &form).await
}

/// RFC 7636 section 4.2: a challenge is a SHA-256 as base64url.
#[tokio::test]
async fn a_challenge_that_is_no_sha_256_is_refused() {
    let fixture = Fixture::start().await;
    for challenge in ["short", &format!("{CHALLENGE}="), &CHALLENGE.replace('-', "+"), &format!("{CHALLENGE}AAAA")] {
        let location = fixture.authorize("", &[("code_challenge", challenge)]).await.location();
        assert_eq!(parameter(&location, "error").as_deref(), Some("invalid_request"), "{challenge}");
    }
}

/// RFC 7636 section 4.4.1: a request without challenge, or with a method that is not supported, is invalid.
#[tokio::test]
async fn a_request_without_challenge_or_with_a_plain_one_is_refused() {
    let fixture = Fixture::start().await;
    for change in [
        [("code_challenge", ""), ("code_challenge_method", "")],
        [("code_challenge", VERIFIER), ("code_challenge_method", "plain")],
        [("code_challenge", CHALLENGE), ("code_challenge_method", "")],
        [("code_challenge", CHALLENGE), ("code_challenge_method", "s256")],
    ] {
        let location = fixture.authorize("", &change).await.location();
        assert_eq!(parameter(&location, "error").as_deref(), Some("invalid_request"), "{change:?}");
    }
}

/// RFC 7636 section 4.6: a verifier that does not fit the challenge gets nothing.
#[tokio::test]
async fn a_missing_or_wrong_verifier_gets_nothing_and_uses_nothing_up() {
    let fixture = Fixture::start().await;
    let code = fixture.code(&fixture.log_in().await).await;
    let before = fixture.rows();
    let other = VERIFIER.replace('d', "e");
    for verifier in [None, Some(""), Some(CHALLENGE), Some("short"), Some(other.as_str())] {
        let (status, error) = redeem_with(&fixture, &code, verifier).await.error();
        assert_eq!(status, 400);
        assert!(["invalid_grant", "invalid_request"].contains(&error.as_str()), "{verifier:?}: {error}");
    }
    assert_eq!(fixture.rows(), before);
    assert_eq!(redeem_with(&fixture, &code, Some(VERIFIER)).await.status, StatusCode::OK);
}
