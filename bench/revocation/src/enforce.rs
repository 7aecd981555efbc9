//! From a revocation that is durable to `enforced`, over real loopback TCP. The authority's end has a thread of its own, all
//! guards another one, so that the system's clock for a thread says what each costs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use probity_authority::revocation::{History, Hub, Timing};
use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, UnixTime};
use probity_verifier::clock::boot_now;
use probity_verifier::revocation::wire::Instance;
use probity_verifier::revocation::{
    Enforcer, Follower, Lease, Position, Replica, Revocation, SnapshotClaims, SnapshotError, Target, VerifySnapshot,
    Writer, converse,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::check::ISSUER;
use crate::cpu;
use crate::report::Report;

struct Keys(JwkSet);

impl VerifySnapshot for Keys {
    async fn verify(&self, signature: &str) -> Result<SnapshotClaims, SnapshotError> {
        SnapshotClaims::verify(signature, ISSUER, &self.0, &[SignatureAlgorithm::Es256])
    }
}

pub fn place(seq: u64) -> Position {
    Position { writer: Writer([1; 8]), term: 1, seq }
}

/// A hub with guards that follow it.
pub struct Scene {
    pub hub: Hub,
    /// The authority's thread.
    authority: Handle,
    key: Arc<SigningKey>,
    listener: TcpListener,
}

impl Scene {
    pub async fn start(live: &[Revocation]) -> Self {
        let authority = thread();
        let history = History::new(place(0), vec![]);
        let hub = Hub::start(ISSUER, history, live, UnixTime::default(), Timing::DEFAULT);
        let key = Arc::new(SigningKey::generate(SignatureAlgorithm::Es256).expect("a key"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        Self { hub, authority, key, listener }
    }

    /// Connects one more guard.
    pub async fn add(&self, number: u32) -> Enforcer {
        let address = self.listener.local_addr().expect("an address");
        let (near, far) = tokio::join!(TcpStream::connect(address), self.listener.accept());
        let (near, (far, _)) = (near.expect("a connection"), far.expect("a connection"));
        near.set_nodelay(true).expect("an option");
        far.set_nodelay(true).expect("an option");
        let (hub, key, far) = (self.hub.clone(), Arc::clone(&self.key), far.into_std().expect("a socket"));
        self.authority.spawn(async move {
            let far = TcpStream::from_std(far).expect("a socket");
            hub.serve("guard", &key, far).await
        });
        let enforcer = Enforcer::new(Arc::new(Replica::new(ISSUER)), Arc::new(Lease::default()));
        let keys = Keys(JwkSet::from(self.key.verifying_key().expect("a public half")));
        let mut name = [0; 16];
        name[..4].copy_from_slice(&number.to_be_bytes());
        let (mut follower, mine) = (Follower::new(Instance(name)), enforcer.clone());
        tokio::spawn(async move {
            let ended = converse(near, &mut follower, &mine, &keys).await;
            eprintln!("guard {number}: {ended}");
        });
        enforcer
    }

    pub async fn with_guards(count: u32) -> (Self, Vec<Enforcer>) {
        let scene = Self::start(&[]).await;
        scene.enforce(0).await;
        let mut guards = Vec::new();
        for number in 0..count {
            guards.push(scene.add(number).await);
        }
        while !guards.iter().all(|guard| guard.lease().holds(boot_now())) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        (scene, guards)
    }

    /// Waits on the authority's thread until a place is enforced; how many guards enforce it, and how long it took.
    pub async fn enforce(&self, seq: u64) -> (u32, Duration) {
        let hub = self.hub.clone();
        let waiting = self.authority.spawn(async move {
            let start = Instant::now();
            if seq > 0 {
                let token = Target::Token(format!("token-{seq}"));
                hub.publish(&[(place(seq), Revocation::own(token, UnixTime::from_secs(1 << 40)))]);
            }
            let enforcement = hub.enforce(place(seq)).await;
            (enforcement.guards_enforcing, start.elapsed())
        });
        waiting.await.expect("an answer")
    }

    /// CPU time of the authority's thread so far.
    async fn cpu(&self) -> Duration {
        self.authority.spawn(async { cpu::thread() }).await.expect("a time")
    }
}

/// A runtime with one thread, which ends with the process.
fn thread() -> Handle {
    let (handle, started) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        handle.send(runtime.handle().clone()).expect("a receiver");
        runtime.block_on(std::future::pending::<()>());
    });
    started.recv().expect("a runtime")
}

pub fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

pub fn run(report: &mut Report) {
    for (guards, budget) in [(1, 2.0), (100, 8.0), (1_000, 25.0)] {
        let rounds = if guards == 1_000 { 1_000 } else { 3_000 };
        let (mut times, cpu) = runtime().block_on(measure(guards, rounds));
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        report.note(&format!("revoke to enforced, {guards} guards, p50"), at(0.5), "ms");
        report.at_most(&format!("revoke to enforced, {guards} guards, p99"), at(0.99), budget, "ms");
        report.note(&format!("revoke to enforced, {guards} guards, p99.9"), at(0.999), "ms");
        let each = cpu.as_secs_f64() * 1e6 / f64::from(rounds) / f64::from(guards);
        report.note(&format!("the authority's CPU per revocation and guard, {guards} guards"), each, "us");
    }
}

async fn measure(guards: u32, rounds: u32) -> (Vec<Duration>, Duration) {
    let (scene, guards) = Scene::with_guards(guards).await;
    let mut times = Vec::new();
    let start = scene.cpu().await;
    for round in 1..=u64::from(rounds) {
        let (enforcing, took) = scene.enforce(round).await;
        times.push(took);
        assert_eq!(enforcing as usize, guards.len());
        // As if somebody revoked now and then: no queue builds up.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (times, scene.cpu().await - start)
}

pub fn heartbeats(report: &mut Report) {
    let share = runtime().block_on(async {
        let (scene, _guards) = Scene::with_guards(1_000).await;
        let (start, cpu) = (Instant::now(), scene.cpu().await);
        tokio::time::sleep(Duration::from_secs(10)).await;
        (scene.cpu().await - cpu).as_secs_f64() / start.elapsed().as_secs_f64()
    });
    report.at_most("heartbeats of 1,000 guards at 4 Hz, the authority's share of one core", share * 100.0, 5.0, "%");
}
