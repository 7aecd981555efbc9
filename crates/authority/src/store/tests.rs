//! The behaviour of a store, whatever the engine.

use std::sync::{Arc, Mutex};

use probity_jose::UnixTime;
use probity_verifier::revocation::{Position, Replica, Revocation, SessionIndex};

use super::*;
use crate::domain::client::{Client, GrantType};
use crate::domain::family::Family;
use crate::domain::revocation::Order;
use crate::domain::scope::Scope;
use crate::domain::secret::{PlainSecret, SecretHash, SecretKind};
use crate::domain::session::Session;

const ISSUER: &str = "https://as.example";
const NOW: UnixTime = UnixTime::from_secs(1_000);

type Published = Arc<Mutex<Vec<(Position, Revocation)>>>;

fn open(folder: &std::path::Path) -> (Store, Arc<Replica>, Published) {
    let opening = Opening::open(folder).unwrap();
    let replica = Arc::new(Replica::new(ISSUER));
    opening.live_revocations(UnixTime::default()).unwrap().iter().for_each(|record| replica.apply(record));
    let published = Published::default();
    let (to, enforced) = (Arc::clone(&published), Arc::clone(&replica));
    let publish = move |records: &[(Position, Revocation)]| {
        records.iter().for_each(|(_, record)| enforced.apply(record));
        to.lock().unwrap().extend_from_slice(records);
    };
    (opening.start(Arc::default(), publish).unwrap(), replica, published)
}

fn family(id: &str) -> Family {
    Family {
        id: id.into(),
        client_id: "app".into(),
        subject: "u".into(),
        session_id: "s".into(),
        scope: Scope::parse("a b").unwrap(),
        counter: 0,
        rotated: NOW,
        expires: UnixTime::from_secs(9_000),
        revoked: false,
    }
}

fn session() -> Session {
    Session {
        id: "s".into(),
        subject: "u".into(),
        auth_time: NOW,
        expires: UnixTime::from_secs(9_000),
        place: SessionIndex { list: 3, index: 5 },
    }
}

fn conflict(outcome: Result<sqlite::Applied, WriteError>) -> Conflict {
    match outcome {
        Err(WriteError::Conflict(conflict)) => conflict,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_next_start_and_the_term_has_grown() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, published) = open(folder.path());
    let order = Order::Token { id: "j".into(), expires: Some(UnixTime::from_secs(5_000)) };
    let applied = store.apply(order.write(NOW).unwrap()).await.unwrap();
    let first = applied.position.unwrap();
    assert_eq!((first.term, first.seq, published.lock().unwrap().len()), (1, 1, 1));
    // No farewell: the next start finds it all the same.
    let (again, replica, _) = open(folder.path());
    assert_eq!(replica.len(), 1);
    let second = again.apply(order.write(NOW).unwrap()).await.unwrap().position.unwrap();
    assert_eq!((second.term, second.seq), (2, 1));
}

#[tokio::test]
async fn a_failed_expectation_undoes_its_whole_write_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, published) = open(folder.path());
    store.apply(Write::from(family("f").add())).await.unwrap();
    let revoke = Order::Family("f".into()).write(NOW).unwrap();
    // All three wait together, so that they may share one commit.
    let (once, bad, good) = tokio::join!(
        store.apply(revoke.clone()),
        store.apply(Write::from(family("g").add()).revoking(revoke.revocations[0].clone()).and(family("f").add())),
        store.apply(Write::from(family("h").add())),
    );
    assert!(once.is_ok() && good.is_ok());
    assert_eq!(conflict(bad), Conflict::Taken);
    assert_eq!(conflict(store.apply(revoke).await), Conflict::AlreadyRevoked);
    assert!(store.family("g").await.unwrap().is_none(), "nothing half-done");
    assert!(store.family("h").await.unwrap().is_some());
    let published = published.lock().unwrap();
    assert_eq!(published.len(), 1, "what was undone is not told to guards");
    assert_eq!(published[0].0.seq, 1);
}

#[tokio::test]
async fn a_hundred_rotations_at_once_give_one_successor() {
    let folder = tempfile::tempdir().unwrap();
    let (store, ..) = open(folder.path());
    let family = family("f");
    store.apply(Write::from(family.add())).await.unwrap();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (store, write) = (store.clone(), Write::from(family.rotate(1, NOW)));
            tokio::spawn(async move { store.apply(write).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            lost => assert_eq!(conflict(lost), Conflict::FamilyMoved),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(store.family("f").await.unwrap().unwrap().counter, 1);
}

#[tokio::test]
async fn positions_have_no_gaps_however_many_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, published) = open(folder.path());
    let tasks: Vec<_> = (0..200)
        .map(|number: u64| {
            let store = store.clone();
            let order = Order::Token { id: number.to_string(), expires: None };
            // Every third is undone.
            let write = order.write(NOW).unwrap();
            let write = if number.is_multiple_of(3) { write.and(revoke_nothing()) } else { write };
            tokio::spawn(async move { store.apply(write).await })
        })
        .collect();
    for task in tasks {
        let _ = task.await.unwrap();
    }
    let sequence: Vec<u64> = published.lock().unwrap().iter().map(|(position, _)| position.seq).collect();
    assert_eq!(sequence, (1..=133).collect::<Vec<_>>());
}

fn revoke_nothing() -> write::Statement {
    families::revoke_family("nobody", NOW)
}

#[tokio::test]
async fn ending_a_session_ends_its_grants_too() {
    let folder = tempfile::tempdir().unwrap();
    let (store, replica, _) = open(folder.path());
    let cookie = PlainSecret::new(SecretKind::Session, [1; 32]).hash();
    store.apply(Write::from(session().add(&cookie)).and(family("f").add())).await.unwrap();
    assert_eq!(store.session_of_cookie(&cookie, NOW).await.unwrap(), Some(session()));
    assert_eq!(store.sessions_of("u", NOW).await.unwrap(), [session()]);
    let order = Order::Session { id: "s".into(), place: session().place };
    store.apply(order.write(NOW).unwrap()).await.unwrap();
    assert_eq!(store.session_of_cookie(&cookie, NOW).await.unwrap(), None);
    assert_eq!(store.live_session("s", NOW).await.unwrap(), None);
    assert!(store.family("f").await.unwrap().unwrap().revoked);
    assert!(replica.session_is_revoked(session().place));
    let live = Write::from(session().must_be_live(NOW));
    assert_eq!(conflict(store.apply(live).await), Conflict::SessionEnded);
}

#[tokio::test]
async fn a_session_is_over_at_its_end_and_is_then_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let (store, ..) = open(folder.path());
    let cookie = SecretHash::of("c");
    store.apply(Write::from(session().add(&cookie))).await.unwrap();
    let end = session().expires;
    assert!(store.session_of_cookie(&cookie, end.minus(1)).await.unwrap().is_some());
    assert!(store.session_of_cookie(&cookie, end).await.unwrap().is_none());
    store.apply(Write::new().and_all(drop_expired_sessions(end, 0))).await.unwrap();
    assert!(store.session("s").await.unwrap().is_none());
}

#[tokio::test]
async fn a_client_reads_back_as_it_was_put() {
    let folder = tempfile::tempdir().unwrap();
    let (store, ..) = open(folder.path());
    let mut client = Client {
        id: "app".into(),
        name: "App".into(),
        secret: Some(SecretHash::of("x")),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        redirect_uris: vec!["https://a.example/cb".into(), "https://b.example/cb".into()],
        scope: Scope::parse("openid read").unwrap(),
        audience: "https://api.example".into(),
    };
    for secret in [client.secret, None] {
        client.secret = secret;
        store.apply(Write::from(client.put())).await.unwrap();
        assert_eq!(store.client("app").await.unwrap().as_ref(), Some(&client));
    }
    client.scope = Scope::default();
    client.redirect_uris.clear();
    store.apply(Write::from(client.put())).await.unwrap();
    assert_eq!(store.client("app").await.unwrap(), Some(client));
    assert_eq!(store.client("' OR 1=1 --").await.unwrap(), None);
}

#[tokio::test]
async fn a_watermark_is_of_the_moment_of_its_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (store, replica, _) = open(folder.path());
    let before = probity_verifier::clock::unix_now();
    // The order was made long ago.
    store.apply(Order::Subject("u".into()).write(NOW).unwrap()).await.unwrap();
    assert!(replica.watermark("u", "app").unwrap() >= before);
}

#[tokio::test]
async fn no_block_of_places_is_leased_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (store, ..) = open(folder.path());
    assert_eq!(store.next_session_block(7).await.unwrap(), 0);
    store.apply(Write::from(take_session_block(7, 0))).await.unwrap();
    assert_eq!(store.next_session_block(7).await.unwrap(), 1);
    assert_eq!(conflict(store.apply(Write::from(take_session_block(7, 0))).await), Conflict::Taken);
    store.apply(Write::from(take_session_block(8, 0))).await.unwrap();
}

#[test]
fn a_store_of_a_later_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(Opening::open(folder.path()).unwrap());
    let connection = rusqlite::Connection::open(folder.path().join("probity.db")).unwrap();
    connection.pragma_update(None, "user_version", 1_000).unwrap();
    drop(connection);
    assert!(matches!(Opening::open(folder.path()), Err(StoreError::TooNew { found: 1_000, .. })));
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("probity.db"), vec![b'x'; 8_192]).unwrap();
    assert!(Opening::open(folder.path()).is_err());
}
