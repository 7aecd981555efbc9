//! From a revocation that is durable to `enforced`, over real loopback TCP, guards and authority in one process.

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
    key: Arc<SigningKey>,
    listener: TcpListener,
}

impl Scene {
    pub async fn start(live: &[Revocation]) -> Self {
        let hub = Hub::start(ISSUER, History::new(place(0), vec![]), live, UnixTime::default(), Timing::DEFAULT);
        let key = Arc::new(SigningKey::generate(SignatureAlgorithm::Es256).expect("a key"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        Self { hub, key, listener }
    }

    /// Connects one more guard.
    pub async fn add(&self, number: u32) -> Enforcer {
        let address = self.listener.local_addr().expect("an address");
        let (near, far) = tokio::join!(TcpStream::connect(address), self.listener.accept());
        let (near, (far, _)) = (near.expect("a connection"), far.expect("a connection"));
        near.set_nodelay(true).expect("an option");
        far.set_nodelay(true).expect("an option");
        let (hub, key) = (self.hub.clone(), Arc::clone(&self.key));
        tokio::spawn(async move { hub.serve("guard", &key, far).await });
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
        scene.hub.enforce(place(0)).await;
        let mut guards = Vec::new();
        for number in 0..count {
            guards.push(scene.add(number).await);
        }
        while !guards.iter().all(|guard| guard.lease().holds(boot_now())) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        (scene, guards)
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

pub fn run(report: &mut Report) {
    for (guards, budget) in [(1, 2.0), (100, 8.0), (1_000, 25.0)] {
        let rounds = if guards == 1_000 { 200 } else { 1_000 };
        let (mut times, cpu) = runtime().block_on(measure(guards, rounds));
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        report.note(&format!("revoke to enforced, {guards} guards, p50"), at(0.5), "ms");
        report.figure(&format!("revoke to enforced, {guards} guards, p99"), at(0.99), budget, "ms");
        report.note(&format!("revoke to enforced, {guards} guards, p99.9"), at(0.999), "ms");
        let each = cpu.as_secs_f64() * 1e6 / f64::from(rounds) / f64::from(guards);
        report.note(&format!("CPU of both ends per revocation and guard, {guards} guards"), each, "us");
    }
}

async fn measure(guards: u32, rounds: u32) -> (Vec<Duration>, Duration) {
    let (scene, guards) = Scene::with_guards(guards).await;
    let mut times = Vec::new();
    let start = cpu::process();
    for round in 1..=u64::from(rounds) {
        let record = Revocation::own(Target::Token(format!("token-{round}")), UnixTime::from_secs(1 << 40));
        let start = Instant::now();
        scene.hub.publish(&[(place(round), record)]);
        let enforcement = scene.hub.enforce(place(round)).await;
        times.push(start.elapsed());
        assert_eq!(enforcement.guards_enforcing as usize, guards.len());
        // As if somebody revoked now and then: no queue builds up.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (times, cpu::process() - start)
}

pub fn heartbeats(report: &mut Report) {
    let share = runtime().block_on(async {
        let (_scene, _guards) = Scene::with_guards(1_000).await;
        let (start, cpu) = (Instant::now(), cpu::process());
        tokio::time::sleep(Duration::from_secs(10)).await;
        (cpu::process() - cpu).as_secs_f64() / start.elapsed().as_secs_f64()
    });
    report.note("heartbeats of 1,000 guards at 4 Hz, both ends, of one core", share * 100.0, "%");
    report.figure("half of that: the authority's end", share * 50.0, 5.0, "%");
}
