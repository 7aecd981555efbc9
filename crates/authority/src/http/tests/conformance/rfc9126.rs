//! Pushed Authorization Requests.

use super::*;

async fn push(fixture: &Fixture) -> Answer {
    let path = authorize_path("app", &[]);
    let form: Vec<(String, String)> =
        form_urlencoded::parse(path.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fixture.post("/par", &[], &form).await
}

/// RFC 9126 section 2.2: a reference can't be guessed, is bound to its client, and expires.
#[tokio::test]
async fn a_reference_is_unguessable_and_good_only_for_a_short_while() {
    let fixture = Fixture::start().await;
    let (first, second) = (push(&fixture).await, push(&fixture).await);
    assert_ne!(first.text("request_uri"), second.text("request_uri"));
    assert!(first.text("request_uri").len() > "urn:ietf:params:oauth:request_uri:".len() + 43);
    assert!(first.json()["expires_in"].as_u64().is_some_and(|seconds| (1..=600).contains(&seconds)));
    fixture.expire("pushed_requests");
    let query = Parameters::default().with("client_id", "app").with("request_uri", &first.text("request_uri"));
    let late = fixture.get(&format!("/authorize?{}", query.to_text()), &[]).await;
    assert_eq!((late.status, late.headers.get(LOCATION)), (StatusCode::BAD_REQUEST, None));
}
