//! The hub and real followers over in-memory connections.

use std::sync::Arc;
use std::time::Duration;

use probity_jose::UnixTime;
use probity_verifier::clock::{boot_now, unix_now};
use probity_verifier::revocation::wire::{Frame, Instance, take_frame};
use probity_verifier::revocation::{Follower, Lease, Position, Replica, Revocation, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::registry::LEASE;
use super::{Enforcement, Hub};

const ISSUER: &str = "https://as.example";

fn token(jti: &str) -> Revocation {
    Revocation::own(Target::Token(jti.into()), UnixTime::from_secs(u64::from(u32::MAX)))
}

fn place(seq: u64) -> Position {
    Position { term: 1, seq }
}

/// A guard that answers frames when it is told to.
struct Guard {
    io: DuplexStream,
    buffer: bytes::BytesMut,
    follower: Follower,
    replica: Arc<Replica>,
    lease: Arc<Lease>,
}

impl Guard {
    fn new(hub: &Hub, id: u8, name: &'static str) -> Self {
        let replica = Arc::new(Replica::new(ISSUER));
        let lease = Arc::new(Lease::default());
        let follower = Follower::new(Instance([id; 16]), Arc::clone(&replica), Arc::clone(&lease));
        let io = connect(hub, name);
        Self { io, buffer: bytes::BytesMut::new(), follower, replica, lease }
    }

    async fn say(&mut self, frame: &Frame) {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        self.io.write_all(&bytes).await.unwrap();
    }

    /// Handles frames until the lease holds and `position` is applied.
    async fn run_until(&mut self, position: Position) {
        while !(self.lease.holds(boot_now()) && self.follower.applied() >= Some(position)) {
            self.step().await;
        }
    }

    async fn hello(&mut self) {
        let hello = self.follower.connected(boot_now(), unix_now());
        self.say(&hello).await;
    }

    async fn step(&mut self) {
        if let Some(renewal) = self.follower.tick(boot_now(), unix_now()).unwrap() {
            self.say(&renewal).await;
        }
        let read = tokio::time::timeout(Duration::from_millis(20), self.io.read_buf(&mut self.buffer)).await;
        assert!(!matches!(read, Ok(Ok(0))), "the hub closed the connection");
        while let Some(frame) = take_frame(&mut self.buffer).unwrap() {
            if let Some(answer) = self.follower.received(frame).unwrap() {
                self.say(&answer).await;
            }
        }
    }
}

fn connect(hub: &Hub, name: &'static str) -> DuplexStream {
    let (guard_end, hub_end) = tokio::io::duplex(1 << 20);
    let hub = hub.clone();
    tokio::spawn(async move { hub.serve(name, hub_end).await });
    guard_end
}

/// A hub whose quiet time after the start is over.
async fn settled_hub(live: &[Revocation]) -> Hub {
    let hub = Hub::start(ISSUER, 1, live);
    hub.enforce(place(0)).await;
    hub
}

#[tokio::test]
async fn a_revocation_is_enforced_once_every_guard_has_acknowledged_it() {
    let hub = settled_hub(&[token("before")]).await;
    let mut first = Guard::new(&hub, 1, "first");
    let mut second = Guard::new(&hub, 2, "second");
    for guard in [&mut first, &mut second] {
        guard.hello().await;
        guard.run_until(place(0)).await;
        assert_eq!(guard.replica.len(), 1, "the snapshot has what was revoked before");
    }
    hub.publish(&[(place(1), token("a"))]);
    let waiting = tokio::spawn({
        let hub = hub.clone();
        async move { hub.enforce(place(1)).await }
    });
    first.run_until(place(1)).await;
    assert!(!waiting.is_finished(), "the second guard may still accept the token");
    second.run_until(place(1)).await;
    let Enforcement { guards_enforcing, guards_expired, elapsed, .. } = waiting.await.unwrap();
    assert_eq!((guards_enforcing, guards_expired.as_slice()), (2, &[][..]));
    assert!(elapsed < LEASE, "{elapsed:?}");
    assert_eq!(second.replica.len(), 2);
}

#[tokio::test]
async fn a_guard_that_stops_answering_is_waited_for_until_it_refuses_everything() {
    let hub = settled_hub(&[]).await;
    let mut guard = Guard::new(&hub, 1, "edge");
    guard.hello().await;
    guard.run_until(place(0)).await;
    // From here on it handles nothing, as if stopped.
    hub.publish(&[(place(1), token("a"))]);
    let enforcement = hub.enforce(place(1)).await;
    assert!(!guard.lease.holds(boot_now()), "enforced was answered while the guard's lease still held");
    assert_eq!((enforcement.guards_enforcing, enforcement.guards_expired), (0, vec!["edge".to_owned()]));
}

#[tokio::test]
async fn a_guard_that_reconnects_resumes_without_a_snapshot_and_gets_what_it_missed() {
    let hub = settled_hub(&[]).await;
    let mut guard = Guard::new(&hub, 1, "edge");
    guard.hello().await;
    guard.run_until(place(0)).await;
    guard.follower.disconnected();
    guard.io = connect(&hub, "edge");
    guard.buffer.clear();
    let missed: Vec<_> = (1..=1_200).map(|seq| (place(seq), token(&format!("t{seq}")))).collect();
    hub.publish(&missed);
    guard.hello().await;
    guard.run_until(place(1_200)).await;
    assert_eq!(guard.replica.len(), 1_200);
}

#[tokio::test]
async fn a_guard_of_an_earlier_term_gets_a_snapshot() {
    let old = settled_hub(&[]).await;
    let mut guard = Guard::new(&old, 1, "edge");
    guard.hello().await;
    guard.run_until(place(0)).await;
    guard.follower.disconnected();
    let live: Vec<_> = (0..1_201).map(|n| token(&format!("t{n}"))).collect();
    let restarted = Hub::start(ISSUER, 2, &live);
    guard.io = connect(&restarted, "edge");
    guard.buffer.clear();
    guard.hello().await;
    while guard.follower.applied() != Some(Position { term: 2, seq: 0 }) {
        guard.step().await;
    }
    assert_eq!(guard.replica.len(), 1_201);
}

#[tokio::test]
async fn garbage_and_foreign_versions_end_the_connection() {
    let hub = Hub::start(ISSUER, 1, &[]);
    let mut garbage = connect(&hub, "edge");
    garbage.write_all(&[0xff; 64]).await.unwrap();
    let mut rest = Vec::new();
    garbage.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());

    let mut guard = Guard::new(&hub, 1, "edge");
    guard.say(&Frame::Hello { version: 2, instance: Instance([1; 16]), applied: Position::default() }).await;
    while guard.io.read_buf(&mut guard.buffer).await.unwrap() != 0 {}
    assert!(matches!(take_frame(&mut guard.buffer), Ok(Some(Frame::Refused { .. }))));
}

#[tokio::test]
async fn a_record_is_enforced_by_the_authority_itself_as_soon_as_it_is_published() {
    let hub = Hub::start(ISSUER, 1, &[]);
    hub.publish(&[(place(1), token("a"))]);
    assert_eq!(hub.replica().len(), 1);
    assert_eq!(hub.head(), place(1));
}
