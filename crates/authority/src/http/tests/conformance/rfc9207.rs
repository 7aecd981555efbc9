//! Authorization Server Issuer Identification.

use super::*;

/// RFC 9207 section 2: every answer, errors too, names the issuer, and it is the one of the metadata.
#[tokio::test]
async fn every_answer_names_the_issuer() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let metadata = fixture.discovery().await;
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true, "section 3");
    for (session, change) in [
        (session.as_str(), [("state", "st")]),
        ("", [("prompt", "none")]),
        ("", [("scope", "admin")]),
        ("", [("response_type", "token")]),
    ] {
        let location = fixture.authorize(session, &change).await.location();
        assert_eq!(parameter(&location, "iss").as_deref(), metadata["issuer"].as_str(), "{location}");
    }
}
