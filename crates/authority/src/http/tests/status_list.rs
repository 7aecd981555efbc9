use probity_jose::{JwkSet, SignatureAlgorithm};
use probity_verifier::clock::unix_now;
use probity_verifier::revocation::SessionIndex;
use probity_verifier::status_list::{Status, StatusListToken};

use super::*;
use crate::domain::revocation::Order;

/// The address of the list of a user's session, and its index there.
async fn session_place(fixture: &Fixture) -> (String, u64) {
    let session = fixture.log_in().await;
    let code = fixture.code(&session).await;
    let claims = claims(&fixture.redeem(&code).await.text("access_token"));
    let list = &claims["status"]["status_list"];
    (list["uri"].as_str().unwrap().to_owned(), list["idx"].as_u64().unwrap())
}

fn path(uri: &str) -> &str {
    uri.strip_prefix(ISSUER).unwrap()
}

async fn read(fixture: &Fixture, uri: &str) -> StatusListToken {
    let keys = fixture.get("/jwks", &[]).await.body;
    let answer = fixture.get(path(uri), &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.headers[CONTENT_TYPE], "application/statuslist+jwt");
    let keys = JwkSet::parse(keys.as_bytes()).unwrap();
    StatusListToken::verify(&answer.body, uri, &keys, &[SignatureAlgorithm::Es256], unix_now()).unwrap()
}

#[tokio::test]
async fn a_sessions_status_changes_when_it_is_revoked_and_no_other_does() {
    let fixture = Fixture::start().await;
    let (uri, index) = session_place(&fixture).await;
    let list = read(&fixture, &uri).await.list;
    assert_eq!(list.get(index), Some(Status::Valid));
    assert_eq!(list.get(1_023), Some(Status::Valid), "a list has every place that may be given out");
    assert_eq!(list.get(1_024), None);
    let number = uri.rsplit('/').next().unwrap().parse().unwrap();
    let place = SessionIndex { list: number, index: u32::try_from(index).unwrap() };
    fixture.state().revoke(&Order::Session { id: "s".into(), place }, unix_now()).await.unwrap();
    let list = read(&fixture, &uri).await.list;
    let revoked: Vec<u64> = (0..1_024).filter(|index| list.get(*index) != Some(Status::Valid)).collect();
    assert_eq!(revoked, [index]);
}

#[tokio::test]
async fn a_session_of_a_revoked_subject_is_invalid_too() {
    let fixture = Fixture::start().await;
    let (uri, index) = session_place(&fixture).await;
    let alice = fixture.state().store.user("alice").await.unwrap().unwrap().subject;
    fixture.state().revoke(&Order::Subject(alice), unix_now()).await.unwrap();
    assert_eq!(read(&fixture, &uri).await.list.get(index), Some(Status::Invalid));
}

#[tokio::test]
async fn a_list_that_has_not_changed_is_not_sent_again() {
    let fixture = Fixture::start().await;
    let (uri, _) = session_place(&fixture).await;
    let first = fixture.get(path(&uri), &[]).await;
    let etag = first.headers["etag"].to_str().unwrap();
    let second = fixture.get(path(&uri), &[("if-none-match", etag)]).await;
    assert_eq!((second.status, second.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(second.headers["etag"], etag);
    fixture.state().revoke(&Order::Token { id: "j".into(), expires: None }, unix_now()).await.unwrap();
    assert_eq!(fixture.get(path(&uri), &[("if-none-match", etag)]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_list_can_be_had_compressed() {
    let fixture = Fixture::start().await;
    let (uri, _) = session_place(&fixture).await;
    let plain = fixture.get(path(&uri), &[]).await.body;
    let request = Request::builder().uri(path(&uri)).header("accept-encoding", "gzip").body(Body::empty()).unwrap();
    let answer = fixture.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let mut unpacked = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
}

#[tokio::test]
async fn every_list_is_named_in_one_place_and_no_other_is_there() {
    let fixture = Fixture::start().await;
    assert_eq!(fixture.get("/status-lists", &[]).await.json(), serde_json::json!({ "status_lists": [] }));
    let (uri, _) = session_place(&fixture).await;
    assert_eq!(fixture.get("/status-lists", &[]).await.json(), serde_json::json!({ "status_lists": [uri] }));
    for other in ["/status-lists/1", "/status-lists/4294967295", "/status-lists/x", "/status-lists/007"] {
        assert_eq!(fixture.get(other, &[]).await.status, StatusCode::NOT_FOUND, "{other}");
    }
}
