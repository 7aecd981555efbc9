//! The behaviour of a store, whatever the engine.

use std::sync::{Arc, Mutex};

use probity_jose::UnixTime;
use probity_verifier::revocation::{Position, Replica, Revocation, SessionIndex, Writer};

use super::*;
use crate::domain::algorithm::PublicAlgorithm;
use crate::domain::audit_log::{Event, Verification};
use crate::domain::authentication::Authentication;
use crate::domain::claims::ClaimsRequest;
use crate::domain::client::metadata::{ClientMetadata, SubjectType};
use crate::domain::client::policy::ClientPolicy;
use crate::domain::client::{Client, GrantType, RegisteredClient};
use crate::domain::confirmation::Confirmation;
use crate::domain::family::Family;
use crate::domain::grant::Grant;
use crate::domain::revocation::Order;
use crate::domain::scope::Scope;
use crate::domain::secret::{PlainSecret, SecretHash, SecretKind};
use crate::domain::session::Session;

const ISSUER: &str = "https://as.example";
const NOW: UnixTime = UnixTime::from_secs(1_000);

type Published = Arc<Mutex<Vec<(Position, Revocation)>>>;

/// A place where a store can be opened again and again.
enum Place {
    Folder(tempfile::TempDir),
    Database(Box<PostgresSite>),
}

impl Place {
    fn site(&self) -> Site<'_> {
        match self {
            Self::Folder(folder) => Site::Folder(folder.path()),
            Self::Database(site) => Site::Postgres(site),
        }
    }

    /// An empty place on the same engine.
    fn another(&self) -> Self {
        match self {
            Self::Folder(_) => Self::Folder(tempfile::tempdir().unwrap()),
            Self::Database(_) => Self::Database(Box::new(crate::postgres_server::database())),
        }
    }

    /// A connection beside those of the store.
    async fn open_connection(&self) -> tokio_postgres::Client {
        let Self::Database(site) = self else { panic!("only PostgreSQL has connections") };
        let (client, connection) = site.config.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    async fn open(&self) -> (Store, Arc<Replica>, Published) {
        let opening = Opening::open(self.site()).await.unwrap();
        let replica = Arc::new(Replica::new(ISSUER));
        opening.live_revocations(UnixTime::default()).await.unwrap().iter().for_each(|record| replica.apply(record));
        let published = Published::default();
        let (to, enforced) = (Arc::clone(&published), Arc::clone(&replica));
        let publish = move |records: &[(Position, Revocation)]| {
            records.iter().for_each(|(_, record)| enforced.apply(record));
            to.lock().unwrap().extend_from_slice(records);
        };
        let log = Position { writer: Writer([3; 8]), term: opening.term(), seq: 0 };
        let store = opening.start(log, Arc::default(), publish).unwrap();
        store.apply(Write::from(begin_log(log))).await.unwrap();
        (store, replica, published)
    }
}

/// Runs each behaviour on each engine.
macro_rules! on_every_engine {
    ($($behaviour:ident),+ $(,)?) => {
        mod sqlite_engine {
            $(#[tokio::test]
            async fn $behaviour() {
                super::$behaviour(&super::Place::Folder(tempfile::tempdir().unwrap())).await;
            })+
        }
        mod postgres_engine {
            $(#[tokio::test]
            async fn $behaviour() {
                super::$behaviour(&super::Place::Database(Box::new(crate::postgres_server::database()))).await;
            })+
        }
    };
}

on_every_engine!(
    a_start_knows_where_each_earlier_log_ended,
    what_was_dropped_by_a_clock_that_was_ahead_is_remembered_as_missing,
    what_was_answered_is_there_after_the_next_start_and_the_term_has_grown,
    a_failed_expectation_undoes_its_whole_write_and_no_other,
    a_hundred_rotations_at_once_give_one_successor,
    positions_have_no_gaps_however_many_write_at_once,
    ending_a_session_ends_its_grants_too,
    a_grant_reads_back_as_it_was_added,
    a_session_is_over_at_its_end_and_is_then_dropped,
    a_client_reads_back_as_it_was_put,
    a_disabled_client_is_there_for_its_administrators_only,
    the_audit_log_has_what_was_written_and_nothing_that_was_undone,
    a_store_of_each_earlier_version_is_brought_up_to_date_with_what_it_holds,
    a_watermark_is_of_the_moment_of_its_commit,
    no_block_of_places_is_leased_twice,
    a_closed_store_has_written_everything_and_takes_nothing_more,
);

fn family(id: &str) -> Family {
    Family {
        id: id.into(),
        client_id: "app".into(),
        subject: "u".into(),
        session_id: Some("s".into()),
        grant: Grant {
            scope: Scope::parse("a b").unwrap(),
            resources: vec!["https://a.example".into()],
            authentication: Authentication::by_password(NOW),
            claims: ClaimsRequest::parse(r#"{"userinfo":{"name":{"essential":true}}}"#).unwrap(),
        },
        confirmation: Confirmation { key: Some("thumbprint".into()), certificate: None },
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
        authentication: Authentication::by_password(NOW),
        expires: UnixTime::from_secs(9_000),
        latest_end: UnixTime::from_secs(9_000),
        place: SessionIndex { list: 3, index: 5 },
    }
}

fn conflict(outcome: Result<engine::Applied, WriteError>) -> Conflict {
    match outcome {
        Err(WriteError::Conflict(conflict)) => conflict,
        other => panic!("{other:?}"),
    }
}

async fn what_was_answered_is_there_after_the_next_start_and_the_term_has_grown(place: &Place) {
    let (store, _, published) = place.open().await;
    let order = Order::Token { id: "j".into(), expires: Some(UnixTime::from_secs(5_000)) };
    let applied = store.apply(order.write(NOW).unwrap()).await.unwrap();
    let first = applied.position.unwrap();
    assert_eq!((first.term, first.seq, published.lock().unwrap().len()), (1, 1, 1));
    store.close().await;
    drop(store);
    let (again, replica, _) = place.open().await;
    assert_eq!(replica.len(), 1);
    let second = again.apply(order.write(NOW).unwrap()).await.unwrap().position.unwrap();
    assert_eq!((second.term, second.seq), (2, 1));
}

async fn a_failed_expectation_undoes_its_whole_write_and_no_other(place: &Place) {
    let (store, _, published) = place.open().await;
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

async fn a_hundred_rotations_at_once_give_one_successor(place: &Place) {
    let (store, ..) = place.open().await;
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

async fn positions_have_no_gaps_however_many_write_at_once(place: &Place) {
    let (store, _, published) = place.open().await;
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

async fn ending_a_session_ends_its_grants_too(place: &Place) {
    let (store, replica, _) = place.open().await;
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

async fn a_session_is_over_at_its_end_and_is_then_dropped(place: &Place) {
    let (store, ..) = place.open().await;
    let cookie = SecretHash::of("c");
    store.apply(Write::from(session().add(&cookie))).await.unwrap();
    let end = session().expires;
    assert!(store.session_of_cookie(&cookie, end.minus(1)).await.unwrap().is_some());
    assert!(store.session_of_cookie(&cookie, end).await.unwrap().is_none());
    store.apply(Write::new().and_all(drop_expired_sessions(end, 0))).await.unwrap();
    assert!(store.session("s").await.unwrap().is_none());
}

async fn a_grant_reads_back_as_it_was_added(place: &Place) {
    let (store, ..) = place.open().await;
    for family in [family("f"), Family { id: "offline".into(), session_id: None, ..family("f") }] {
        store.apply(Write::from(family.add())).await.unwrap();
        assert_eq!(store.family(&family.id).await.unwrap().as_ref(), Some(&family));
    }
}

async fn a_client_reads_back_as_it_was_put(place: &Place) {
    let (store, ..) = place.open().await;
    let mut client = Client {
        id: "app".into(),
        name: "App".into(),
        secret: Some(SecretHash::of("x")),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        redirect_uris: vec!["https://a.example/cb".into(), "https://b.example/cb".into()],
        scope: Scope::parse("openid read").unwrap(),
        audience: "https://api.example".into(),
        metadata: ClientMetadata {
            id_token_signed_response_alg: Some(PublicAlgorithm::RS256),
            subject_type: SubjectType::Pairwise,
            default_max_age: Some(60),
            ..ClientMetadata::default()
        },
        policy: ClientPolicy {
            resources: vec!["https://other.example".into()],
            third_party: true,
            ..ClientPolicy::default()
        },
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

async fn a_disabled_client_is_there_for_its_administrators_only(place: &Place) {
    let (store, ..) = place.open().await;
    let client = Client::sample();
    store.apply(Write::from(client.add(NOW, None))).await.unwrap();
    assert_eq!(conflict(store.apply(Write::from(client.add(NOW, None))).await), Conflict::Taken);
    store.apply(Write::from(disable_client("app", Some(NOW)))).await.unwrap();
    assert_eq!(store.client("app").await.unwrap(), None);
    let registered = RegisteredClient { client: client.clone(), created: NOW, disabled: true, registration: None };
    assert_eq!(store.registered_client("app").await.unwrap().as_ref(), Some(&registered));
    // What a file says at the next start does not let it do anything again.
    store.apply(Write::from(client.put())).await.unwrap();
    assert_eq!(store.clients_after("", 9).await.unwrap(), [registered]);
    store.apply(Write::from(disable_client("app", None))).await.unwrap();
    assert_eq!(store.client("app").await.unwrap(), Some(client.clone()));
    let secret = set_client_secret("app", SecretHash::of("x"));
    assert_eq!(conflict(store.apply(Write::from(secret)).await), Conflict::ClientChanged, "it has none to replace");
    store.apply(Write::from(delete_client("app"))).await.unwrap();
    for gone in [client.replace(), delete_client("app"), disable_client("app", None)] {
        assert_eq!(conflict(store.apply(Write::from(gone)).await), Conflict::ClientChanged);
    }
    assert_eq!(store.registered_client("app").await.unwrap(), None);
}

async fn the_audit_log_has_what_was_written_and_nothing_that_was_undone(place: &Place) {
    let (store, ..) = place.open().await;
    let event = |target: &str| Event::new("admin:a", "client.added", target);
    store.apply(Write::from(Client::sample().add(NOW, None)).logging(event("first"))).await.unwrap();
    let attempts = (0..60).map(|number| {
        let good = Client { id: format!("c{number}"), ..Client::sample() };
        // Every third one is taken, so its whole write is undone.
        let client = if number % 3 == 0 { Client::sample() } else { good };
        let mut write = Write::from(client.add(NOW, None)).logging(event(&client.id));
        if number % 2 == 0 {
            write = write.revoking(Order::Token { id: "j".into(), expires: None }.record(NOW).unwrap());
        }
        let store = store.clone();
        tokio::spawn(async move { store.apply(write).await.is_ok() })
    });
    let applied = futures_util::future::join_all(attempts.collect::<Vec<_>>()).await;
    assert_eq!(applied.into_iter().filter(|done| *done.as_ref().unwrap()).count(), 40);
    store.close().await;
    drop(store);
    // The chain goes on over a start.
    let (store, ..) = place.open().await;
    store.apply(Write::new().logging(event("last")).logging(event("of all"))).await.unwrap();
    let entries = store.audit_entries_after(0, 100).await.unwrap();
    assert_eq!(entries.len(), 43);
    assert!(entries.iter().all(|entry| entry.target != "app"));
    let mut verification = Verification::default();
    entries.iter().for_each(|entry| verification.entry(entry));
    assert_eq!(verification.finish(store.audit_head().await.unwrap()).1, []);
}

/// From the first schema that has what today's client has.
async fn a_store_of_each_earlier_version_is_brought_up_to_date_with_what_it_holds(place: &Place) {
    for version in 3..migrations::MIGRATIONS.len() {
        let place = place.another();
        let client = "INSERT INTO clients (client_id, name, grant_types, redirect_uris, scope, audience) \
                      VALUES ('app', 'App', 'authorization_code', 'https://app.example/cb', '', 'https://api.example')";
        let earlier = migrations::MIGRATIONS[..version].join("\n") + ";" + client;
        match &place {
            Place::Folder(folder) => {
                let connection = rusqlite::Connection::open(folder.path().join("probity.db")).unwrap();
                connection.execute_batch(&earlier).unwrap();
                connection.pragma_update(None, "user_version", i64::try_from(version).unwrap()).unwrap();
            }
            Place::Database(_) => {
                let steps = "CREATE TABLE schema_steps (number BIGINT PRIMARY KEY);";
                let count = format!(";INSERT INTO schema_steps SELECT generate_series(1, {version})");
                let connection = place.open_connection().await;
                connection.batch_execute(&format!("{steps}{earlier}{count}")).await.unwrap();
            }
        }
        let (store, ..) = place.open().await;
        let found = store.registered_client("app").await.unwrap().unwrap();
        assert_eq!((found.client, found.disabled), (Client::sample(), false), "version {version}");
    }
}

async fn a_watermark_is_of_the_moment_of_its_commit(place: &Place) {
    let (store, replica, _) = place.open().await;
    let before = probity_verifier::clock::unix_now();
    // The order was made long ago.
    store.apply(Order::Subject("u".into()).write(NOW).unwrap()).await.unwrap();
    assert!(replica.watermark("u", "app").unwrap() >= before);
}

async fn no_block_of_places_is_leased_twice(place: &Place) {
    let (store, ..) = place.open().await;
    assert_eq!(store.next_session_block(7).await.unwrap(), 0);
    store.apply(Write::from(take_session_block(7, 0))).await.unwrap();
    assert_eq!(store.next_session_block(7).await.unwrap(), 1);
    assert_eq!(conflict(store.apply(Write::from(take_session_block(7, 0))).await), Conflict::Taken);
    store.apply(Write::from(take_session_block(8, 0))).await.unwrap();
}

async fn a_closed_store_has_written_everything_and_takes_nothing_more(place: &Place) {
    let (store, ..) = place.open().await;
    let order = Order::Token { id: "j".into(), expires: None };
    let writes: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn({
                let (store, write) = (store.clone(), order.write(NOW).unwrap());
                async move { store.apply(write).await }
            })
        })
        .collect();
    store.close().await;
    let mut written = 0;
    for write in writes {
        written += usize::from(write.await.unwrap().is_ok());
    }
    assert!(store.apply(order.write(NOW).unwrap()).await.is_err());
    drop(store);
    let opening = Opening::open(place.site()).await.unwrap();
    assert_eq!(opening.live_revocations(NOW).await.unwrap().len(), written, "what was answered is there, and no more");
}

#[tokio::test]
async fn a_store_of_a_later_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(Opening::open(Site::Folder(folder.path())).await.unwrap());
    let connection = rusqlite::Connection::open(folder.path().join("probity.db")).unwrap();
    connection.pragma_update(None, "user_version", 1_000).unwrap();
    drop(connection);
    let opened = Opening::open(Site::Folder(folder.path())).await;
    assert!(matches!(opened, Err(StoreError::TooNew { found: 1_000, .. })));
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("probity.db"), vec![b'x'; 8_192]).unwrap();
    assert!(Opening::open(Site::Folder(folder.path())).await.is_err());
}

#[tokio::test]
async fn a_file_that_another_authority_has_open_is_refused_and_free_when_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let first = Opening::open(Site::Folder(folder.path())).await.unwrap();
    assert!(matches!(Opening::open(Site::Folder(folder.path())).await, Err(StoreError::InUse)));
    drop(first);
    assert!(Opening::open(Site::Folder(folder.path())).await.is_ok());
}

#[tokio::test]
async fn an_authority_that_was_taken_over_can_not_revoke_behind_its_successors_back() {
    let place = Place::Database(Box::new(crate::postgres_server::database()));
    let (old, _, published) = place.open().await;
    let order = Order::Token { id: "j".into(), expires: None };
    old.apply(order.write(NOW).unwrap()).await.unwrap();
    let (new, ..) = place.open().await;
    let refused = old.apply(order.write(NOW).unwrap()).await;
    assert!(
        matches!(&refused, Err(WriteError::Failed(cause)) if matches!(**cause, StoreError::TakenOver)),
        "{refused:?}"
    );
    assert_eq!(published.lock().unwrap().len(), 1);
    new.apply(order.write(NOW).unwrap()).await.unwrap();
}

#[tokio::test]
async fn whoever_waits_too_long_for_a_connection_is_told_so_and_not_that_the_store_is_broken() {
    let mut site = crate::postgres_server::database();
    site.patience = std::time::Duration::from_millis(100);
    let place = Place::Database(Box::new(site));
    let (store, _, _) = place.open().await;
    store.apply(Write::from(family("f").add())).await.unwrap();
    // Each holds a connection and waits for the row that the first one has.
    let blocker = place.open_connection().await;
    blocker.batch_execute("BEGIN; UPDATE families SET counter = counter").await.unwrap();
    let waiting: Vec<_> = (0..40)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.apply(Write::from(family("f").rotate(1, NOW))).await })
        })
        .collect();
    // Those for whom there was no connection are answered while the others still wait.
    let (mut answered, mut others) = (Vec::new(), waiting);
    while answered.len() < 24 {
        let (outcome, _, rest) = futures_util::future::select_all(others).await;
        answered.push(outcome.unwrap());
        others = rest;
    }
    for outcome in answered {
        let Err(WriteError::Failed(failure)) = outcome else { panic!("{outcome:?}") };
        assert!(matches!(*failure, StoreError::Exhausted) && failure.is_passing(), "{failure:?}");
    }
    blocker.batch_execute("COMMIT").await.unwrap();
    let outcomes: Vec<_> = futures_util::future::join_all(others).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[test]
fn a_database_beyond_this_machine_needs_tls() {
    for local in ["host=/run/pg", "postgres://u@127.0.0.1/d", "postgres://u@localhost/d", "host=::1"] {
        assert!(PostgresSite::new(local, None).is_ok(), "{local}");
    }
    for remote in ["postgres://u:p@db.example/d", "host=10.0.0.7", "host=/run/pg,db.example", "nonsense"] {
        assert!(PostgresSite::new(remote, None).is_err(), "{remote}");
    }
}

async fn a_start_knows_where_each_earlier_log_ended(place: &Place) {
    let order = Order::Token { id: "j".into(), expires: None };
    let (store, ..) = place.open().await;
    assert!(store.is_ours(1).await.unwrap() && !store.is_ours(2).await.unwrap());
    for _ in 0..3 {
        store.apply(order.write(NOW).unwrap()).await.unwrap();
    }
    store.close().await;
    drop(store);
    let opening = Opening::open(place.site()).await.unwrap();
    assert_eq!(opening.earlier_logs(10).await.unwrap(), [Position { writer: Writer([3; 8]), term: 1, seq: 3 }]);
    assert_eq!(opening.term(), 2);
}

async fn what_was_dropped_by_a_clock_that_was_ahead_is_remembered_as_missing(place: &Place) {
    let (store, ..) = place.open().await;
    let forget = |horizon| Write::new().and_all(drop_lapsed_revocations(UnixTime::from_secs(horizon)));
    for expires in [3_000, 5_000] {
        let order = Order::Token { id: "j".into(), expires: Some(UnixTime::from_secs(expires)) };
        store.apply(order.write(NOW).unwrap()).await.unwrap();
    }
    // The clock is ahead, and right again; then nothing is left to drop.
    for horizon in [4_000, 1_000, 4_999] {
        store.apply(forget(horizon)).await.unwrap();
    }
    store.close().await;
    drop(store);
    let opening = Opening::open(place.site()).await.unwrap();
    assert_eq!(opening.horizon().await.unwrap(), UnixTime::from_secs(4_000));
    assert_eq!(opening.live_revocations(UnixTime::default()).await.unwrap().len(), 1);
}
