//! The hub and real followers over in-memory connections.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, UnixTime};
use probity_verifier::clock::boot_now;
use probity_verifier::revocation::wire::{Frame, Instance, take_frame};
use probity_verifier::revocation::{
    Enforcer, Follower, Lease, Position, Positions, Replica, Revocation, SnapshotClaims, SnapshotError, Target,
    VerifySnapshot, Writer, converse,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

use super::{Enforcement, History, Hub, Timing};

const ISSUER: &str = "https://as.example";

/// Twenty times as fast as in earnest.
const TIMING: Timing = Timing {
    heartbeat: Duration::from_millis(12),
    lease: Duration::from_millis(100),
    margin: Duration::from_millis(5),
    max_lag: Duration::from_millis(50),
    tenure: None,
};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(SignatureAlgorithm::Es256).unwrap());

struct Keys(JwkSet);

impl VerifySnapshot for Keys {
    async fn verify(&self, signature: &str) -> Result<SnapshotClaims, SnapshotError> {
        SnapshotClaims::verify(signature, ISSUER, &self.0, &[SignatureAlgorithm::Es256])
    }
}

fn token(jti: &str) -> Revocation {
    Revocation::own(Target::Token(jti.into()), UnixTime::from_secs(u64::from(u32::MAX)))
}

fn place(seq: u64) -> Position {
    Position { writer: Writer([1; 8]), term: 1, seq }
}

/// A guard whose connection can be cut.
struct Guard {
    instance: u8,
    follower: Option<Follower>,
    enforcer: Enforcer,
    conversation: Option<JoinHandle<Follower>>,
}

impl Guard {
    fn new(instance: u8) -> Self {
        let enforcer = Enforcer::new(Arc::new(Replica::new(ISSUER)), Arc::new(Lease::default()));
        Self { instance, follower: Some(Follower::new(Instance([instance; 16]))), enforcer, conversation: None }
    }

    fn connect(&mut self, hub: &Hub) {
        let io = serve(hub, format!("guard {}", self.instance));
        let (mut follower, enforcer) = (self.follower.take().unwrap(), self.enforcer.clone());
        let keys = Keys(JwkSet::from(KEY.verifying_key().unwrap()));
        self.conversation = Some(tokio::spawn(async move {
            converse(io, &mut follower, &enforcer, &keys).await;
            follower.disconnected();
            follower
        }));
    }

    /// Waits until its connection has ended, because the hub's side was dropped.
    async fn ended(&mut self) {
        self.follower = Some(self.conversation.take().unwrap().await.unwrap());
    }

    fn len(&self) -> usize {
        self.enforcer.replica().len()
    }

    fn trusts(&self) -> bool {
        self.enforcer.lease().holds(boot_now())
    }
}

/// Waits until something is so.
async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it never came to be so");
}

fn serve(hub: &Hub, name: String) -> DuplexStream {
    let (guard_end, hub_end) = tokio::io::duplex(1 << 20);
    let hub = hub.clone();
    tokio::spawn(async move { hub.serve(&name, &KEY, hub_end).await });
    guard_end
}

fn hub(live: &[Revocation]) -> Hub {
    Hub::start(ISSUER, History::new(place(0), vec![]), live, UnixTime::default(), TIMING)
}

/// A hub whose quiet time after the start is over.
async fn settled_hub(live: &[Revocation]) -> Hub {
    let hub = hub(live);
    hub.enforce(place(0)).await;
    hub
}

#[tokio::test]
async fn a_revocation_is_enforced_once_every_guard_has_acknowledged_it() {
    let hub = settled_hub(&[token("before")]).await;
    let mut guards = [Guard::new(1), Guard::new(2)];
    for guard in &mut guards {
        guard.connect(&hub);
        until(|| guard.trusts()).await;
        assert_eq!(guard.len(), 1, "the snapshot has what was revoked before");
    }
    hub.publish(&[(place(1), token("a"))]);
    let Enforcement { guards_enforcing, guards_expired, elapsed, .. } = hub.enforce(place(1)).await;
    assert_eq!((guards_enforcing, guards_expired.as_slice()), (2, &[][..]));
    assert!(guards.iter().all(|guard| guard.len() == 2 && guard.trusts()));
    assert!(elapsed < TIMING.lease, "{elapsed:?}");
}

#[tokio::test]
async fn a_guard_that_stops_answering_is_waited_for_until_it_refuses_everything() {
    let hub = settled_hub(&[]).await;
    let mut guard = Guard::new(1);
    guard.connect(&hub);
    until(|| guard.trusts()).await;
    // As if stopped: nothing that comes is handled any more.
    guard.conversation.take().unwrap().abort();
    until(|| hub.guards().iter().all(|guard| !guard.connected)).await;
    hub.publish(&[(place(1), token("a"))]);
    let enforcement = hub.enforce(place(1)).await;
    assert!(!guard.trusts(), "enforced was answered while the guard's lease still held");
    assert_eq!((enforcement.guards_enforcing, enforcement.guards_expired), (0, vec!["guard 1".to_owned()]));
}

#[tokio::test]
async fn a_guard_that_reconnects_resumes_without_a_snapshot_and_gets_what_it_missed() {
    let hub = settled_hub(&[]).await;
    let mut guard = Guard::new(1);
    guard.connect(&hub);
    until(|| guard.trusts()).await;
    // The same guard by hand: its older connection is ended by the newer one.
    let mut io = serve(&hub, "guard 1".into());
    let missed: Vec<_> = (1..=1_200).map(|seq| (place(seq), token(&format!("t{seq}")))).collect();
    say(&mut io, &Frame::Hello { version: 1, instance: Instance([1; 16]), applied: place(0).into() }).await;
    guard.ended().await;
    hub.publish(&missed);
    drop(io);
    guard.connect(&hub);
    hub.enforce(place(1_200)).await;
    until(|| guard.trusts()).await;
    assert_eq!(guard.len(), 1_200);
}

#[tokio::test]
async fn a_guard_of_an_earlier_start_gets_a_snapshot() {
    let mut guard = Guard::new(1);
    let live: Vec<_> = (0..1_201).map(|n| token(&format!("t{n}"))).collect();
    let second = Position { writer: Writer([2; 8]), term: 2, seq: 0 };
    let history = History::new(second, vec![place(0)]);
    let restarted = Hub::start(ISSUER, history, &live, UnixTime::from_secs(7), TIMING);
    {
        let old = settled_hub(&[]).await;
        guard.connect(&old);
        until(|| guard.trusts()).await;
        guard.conversation.take().unwrap().abort();
    }
    guard.follower = Some(Follower::new(Instance([1; 16])));
    guard.connect(&restarted);
    until(|| restarted.guards().first().is_some_and(|guard| guard.applied == Some(second))).await;
    assert_eq!((guard.len(), restarted.lost()), (1_201, None));
    assert_eq!(guard.enforcer.replica().horizon(), UnixTime::from_secs(7));
}

#[tokio::test]
async fn a_guard_that_has_read_what_the_store_has_lost_raises_an_alarm() {
    let hub = hub(&[]);
    let mut io = serve(&hub, "edge".into());
    let lost = Position { writer: Writer([8; 8]), term: 1, seq: 3 };
    say(&mut io, &Frame::Hello { version: 1, instance: Instance([1; 16]), applied: lost.into() }).await;
    until(|| hub.lost() == Some(lost)).await;
}

#[tokio::test]
async fn many_guards_that_start_together_get_the_same_snapshot() {
    let hub = settled_hub(&[token("a"), token("b")]).await;
    let first = hub.snapshot().await;
    hub.publish(&[(place(1), token("c"))]);
    assert!(Arc::ptr_eq(&first, &hub.snapshot().await), "the delta brings what it lacks");
    let mut guard = Guard::new(1);
    guard.connect(&hub);
    until(|| guard.trusts()).await;
    assert_eq!(guard.len(), 3);
}

#[tokio::test]
async fn a_hub_that_has_retired_gives_no_lease() {
    let hub = settled_hub(&[]).await;
    let mut guard = Guard::new(1);
    guard.connect(&hub);
    until(|| guard.trusts()).await;
    hub.retire();
    until(|| !guard.trusts()).await;
    guard.ended().await;
    guard.connect(&hub);
    until(|| hub.guards()[0].connected).await;
    assert!(!guard.trusts(), "nor to one that comes again");
}

async fn say(io: &mut DuplexStream, frame: &Frame) {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    io.write_all(&bytes).await.unwrap();
}

#[tokio::test]
async fn garbage_and_foreign_versions_end_the_connection() {
    let hub = hub(&[]);
    let mut garbage = serve(&hub, "edge".into());
    garbage.write_all(&[0xff; 64]).await.unwrap();
    let mut rest = Vec::new();
    garbage.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());

    let mut foreign = serve(&hub, "edge".into());
    let hello = Frame::Hello { version: 2, instance: Instance([1; 16]), applied: Positions::NOWHERE };
    say(&mut foreign, &hello).await;
    let mut buffer = bytes::BytesMut::new();
    while foreign.read_buf(&mut buffer).await.unwrap() != 0 {}
    assert!(matches!(take_frame(&mut buffer), Ok(Some(Frame::Refused { .. }))));
}

#[tokio::test]
async fn a_record_is_enforced_by_the_authority_itself_as_soon_as_it_is_published() {
    let hub = hub(&[]);
    hub.publish(&[(place(1), token("a"))]);
    assert_eq!(hub.replica().len(), 1);
    assert_eq!(hub.head(), place(1));
}
