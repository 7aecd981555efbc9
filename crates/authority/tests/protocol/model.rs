//! The protocol as a model: some guards, an authority, the connections between them, and everything that can go wrong.
//!
//! Time goes in ticks of a second. Whatever can happen may happen at any moment and in any order, or never: a guard that
//! does nothing is a stopped one, a frame that stays in its queue is a slow network. Connections keep order and lose their
//! tail; `faults` allows frames that vanish or come twice besides.

mod transitions;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use probity_authority::revocation::{Conversation, Ended, GuardKey, History, Progress, Registry, Timing, Turn};
use probity_jose::UnixTime;
use probity_verifier::clock::BootTime;
use probity_verifier::revocation::wire::{Frame, Instance, Opening};
use probity_verifier::revocation::{Action as Effect, Follower, Position, Revocation, SnapshotClaims, Target, Writer};
use stateright::{Model, Property};

/// One tick is a second.
pub(crate) const TIMING: Timing = Timing {
    heartbeat: Duration::from_secs(1),
    lease: Duration::from_secs(1),
    margin: Duration::from_secs(1),
    max_lag: Duration::ZERO,
    tenure: None,
};

/// When the model begins: the quiet time of the first authority is over.
const START: u64 = 10;

/// How many frames wait in one direction of a connection at most.
const MAX_QUEUE: usize = 3;

/// How many connections of one guard may be open at an end or the other.
const MAX_LINKS: usize = 2;

/// A way to get the protocol wrong. Each is small, and each lets a revoked token through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mistake {
    /// The guard counts its lease from when the answer came.
    LeaseFromReceipt,
    /// An authority that starts takes it that nobody holds a lease.
    NoQuietTime,
    /// The guard acknowledges records before it applies them.
    AckBeforeApply,
    /// The authority's count of a lease ends when the guard's does, by a clock that may be faster than the guard's.
    NoMargin,
    /// A heartbeat names the head of the moment when the question came.
    HeadOfAnEarlierMoment,
    /// A restored authority writes its log in the name of its earlier life.
    WriterKeptOverRestore,
    /// A guard that restarts keeps its lease.
    LeaseSurvivesRestart,
    /// The guard believes a heartbeat whose head it has not applied.
    HeadNotCompared,
    /// A heartbeat of an older connection is believed, and the lease is not counted.
    LeaseNotCounted,
}

/// What may happen, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) guards: usize,
    pub(crate) records: u8,
    pub(crate) ticks: u64,
    /// How often each guard may connect after the first time.
    pub(crate) reconnections: u8,
    pub(crate) guard_crashes: u8,
    pub(crate) authority_crashes: u8,
    /// Whether the store may be restored from a backup that was made before the first start.
    pub(crate) restore: bool,
    /// Frames that vanish or come twice.
    pub(crate) faults: u8,
    /// How many ticks the clock of each guard may miss: as many as the margin allows.
    pub(crate) slow_clock: u64,
    /// Whether the guards have connected and loaded a snapshot when the model begins.
    pub(crate) settled: bool,
    pub(crate) mistake: Option<Mistake>,
}

/// A frame on its way; a snapshot is one, with its records.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Message {
    Frame(Frame),
    Snapshot { records: BTreeSet<u8>, claims: SnapshotClaims },
}

/// The authority's end of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum End {
    /// Nothing has come yet.
    Fresh,
    Open(Box<Conversation>),
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Link {
    up: VecDeque<Message>,
    down: VecDeque<Message>,
    guard_open: bool,
    authority: End,
    /// For [`Mistake::HeadOfAnEarlierMoment`]: a question and the head when it came.
    early: Option<(u64, Position)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Guard {
    follower: Follower,
    /// The replica: what is refused.
    refused: BTreeSet<u8>,
    /// For [`Mistake::AckBeforeApply`]: acknowledged and not yet applied.
    pending: BTreeSet<u8>,
    lease: BootTime,
    /// The newest last.
    links: Vec<Link>,
    instance: u8,
    connections: u8,
    /// How many ticks its clock has missed.
    missed: u64,
}

/// What one record has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Order {
    NotGiven,
    /// The caller waits for `enforced`, since then.
    Waiting {
        position: Position,
        since: u64,
    },
    /// The authority crashed before it answered; the caller will ask again.
    Unanswered,
    Enforced,
    /// Answered, and lost when an old backup was restored.
    Lost,
}

/// What is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Disk {
    records: BTreeSet<u8>,
    logs: Vec<Position>,
}

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    now: u64,
    registry: Option<Registry>,
    /// The records before the log, and those in it.
    before: BTreeSet<u8>,
    log: Vec<u8>,
    disk: Disk,
    backup: Option<Disk>,
    lives: u8,
    guards: Vec<Guard>,
    orders: Vec<Order>,
    guard_crashes: u8,
    authority_crashes: u8,
    faults: u8,
}

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A second passes; the clock of one guard may miss it.
    Tick {
        slow: Option<usize>,
    },
    Connect(usize),
    /// The guard looks at the clock, and asks.
    Ask(usize),
    /// The guard gives its connection up.
    HangUp(usize),
    GuardHears(usize, usize),
    AuthorityHears(usize, usize),
    /// The authority sends what is next on a connection; an older snapshot when it has one at hand.
    Speak {
        guard: usize,
        link: usize,
        old_snapshot: bool,
    },
    /// The newest frame to a guard vanishes.
    Vanish(usize, usize),
    /// The newest frame to a guard comes twice.
    Repeat(usize, usize),
    /// The guard applies what it has acknowledged; only by mistake is that another step.
    ApplyLate(usize),
    Revoke(u8),
    GuardCrashes(usize),
    AuthorityCrashes,
    AuthorityStarts,
    Restore,
}

impl Bounds {
    fn timing(&self) -> Timing {
        let margin = if self.mistake == Some(Mistake::NoMargin) { Duration::ZERO } else { TIMING.margin };
        Timing { margin, ..TIMING }
    }

    fn has(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }
}

const fn at(tick: u64) -> BootTime {
    BootTime::from_nanos(tick * 1_000_000_000)
}

/// The second record, where there is one, concerns a token of another issuer that the guards trust.
fn record(id: u8) -> Arc<Revocation> {
    let own = Revocation::own(Target::Token(id.to_string()), UnixTime::from_secs(1 << 40));
    let issuer = (id == 1).then(|| "https://idp.example".to_owned());
    Arc::new(Revocation { issuer, ..own })
}

fn claims(position: Position) -> SnapshotClaims {
    SnapshotClaims { positions: position.into(), horizon: UnixTime::default(), count: 0, sha256: [0; 32] }
}

fn id_of(record: &Revocation) -> u8 {
    match &record.target {
        Target::Token(id) => id.parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

impl Guard {
    fn new(instance: u8) -> Self {
        Self {
            follower: Follower::new(Instance([instance; 16])),
            refused: BTreeSet::new(),
            pending: BTreeSet::new(),
            lease: BootTime::default(),
            links: Vec::new(),
            instance,
            connections: 0,
            missed: 0,
        }
    }

    fn clock(&self, now: u64) -> BootTime {
        at(now - self.missed)
    }

    fn accepts(&self, record: u8, now: u64) -> bool {
        !self.refused.contains(&record) && self.clock(now) < self.lease
    }

    fn link(&self) -> Option<&Link> {
        self.links.last().filter(|link| link.guard_open)
    }

    /// Carries out what the follower has decided, as an `Enforcer` does on a real replica.
    fn carry_out(&mut self, effects: Vec<Effect>, now: u64, bounds: &Bounds) {
        for effect in effects {
            match effect {
                Effect::Send(frame) => {
                    if let Some(link) = self.links.last_mut().filter(|link| link.guard_open) {
                        link.up.push_back(Message::Frame(frame));
                    }
                }
                Effect::Apply(record) if bounds.has(Mistake::AckBeforeApply) => {
                    self.pending.insert(id_of(&record));
                }
                Effect::Apply(record) => {
                    self.refused.insert(id_of(&record));
                }
                Effect::Extend(_) if bounds.has(Mistake::LeaseFromReceipt) => {
                    self.lease = self.lease.max(self.clock(now).plus(TIMING.lease));
                }
                Effect::Extend(until) => self.lease = self.lease.max(until),
                Effect::EndLease => self.lease = BootTime::default(),
                Effect::HangUp(_) => self.hang_up(),
                Effect::Complete(_) | Effect::Forget(_) | Effect::Report(_) => {}
            }
        }
    }

    fn hang_up(&mut self) {
        self.follower.disconnected();
        if let Some(link) = self.links.last_mut() {
            link.guard_open = false;
            link.down.clear();
        }
    }
}

impl World {
    fn new(bounds: &Bounds) -> Self {
        let mut world = Self {
            now: START,
            registry: None,
            before: BTreeSet::new(),
            log: Vec::new(),
            disk: Disk::default(),
            // Made before anything was revoked, so that the next life begins the same term once more.
            backup: bounds.restore.then(Disk::default),
            lives: 0,
            guards: (0..bounds.guards).map(|number| Guard::new(u8::try_from(number).unwrap())).collect(),
            orders: vec![Order::NotGiven; usize::from(bounds.records)],
            guard_crashes: 0,
            authority_crashes: 0,
            faults: 0,
        };
        world.start_authority(at(0), bounds);
        world
    }

    fn start_authority(&mut self, now: BootTime, bounds: &Bounds) {
        let restored = bounds.has(Mistake::WriterKeptOverRestore);
        let term = self.disk.logs.last().map_or(1, |log| log.term + 1);
        let writer = if restored { Writer([0; 8]) } else { Writer([self.lives; 8]) };
        self.lives += 1;
        let log = Position { writer, term, seq: 0 };
        let quiet_from = if bounds.has(Mistake::NoQuietTime) { BootTime::default() } else { now };
        self.registry = Some(Registry::new(History::new(log, self.disk.logs.clone()), bounds.timing(), quiet_from));
        self.disk.logs.push(log);
        self.before = self.disk.records.clone();
        self.log.clear();
        for (order, id) in self.orders.iter_mut().zip(0..) {
            // Whoever got no answer asks again: what is stored is somewhere before the head.
            if *order == Order::Unanswered && self.before.contains(&id) {
                *order = Order::Waiting { position: log, since: self.now };
            }
        }
    }

    fn revoke(&mut self, id: u8) {
        let registry = self.registry.as_mut().unwrap();
        self.log.push(id);
        self.disk.records.insert(id);
        registry.appended(1, self.log.len() as u64, at(self.now));
        *self.disk.logs.last_mut().unwrap() = registry.head();
        self.orders[usize::from(id)] = Order::Waiting { position: registry.head(), since: self.now };
    }

    /// Answers whoever waits as soon as that is right: the earliest answer is the hardest to keep.
    fn answer(&mut self) {
        let Some(registry) = &self.registry else {
            return;
        };
        for order in &mut self.orders {
            if let Order::Waiting { position, .. } = *order
                && matches!(registry.progress(position, at(self.now)), Progress::Enforced { .. })
            {
                *order = Order::Enforced;
            }
        }
    }

    fn authority_hears(&mut self, guard: usize, link: usize, bounds: &Bounds) {
        let registry = self.registry.as_mut().unwrap();
        let key = GuardKey { name: "edge".into(), instance: Instance([self.guards[guard].instance; 16]) };
        let link = &mut self.guards[guard].links[link];
        let Some(Message::Frame(frame)) = link.up.pop_front() else {
            return;
        };
        let outcome = match (&mut link.authority, frame) {
            (end @ End::Fresh, Frame::Hello { applied, .. }) => {
                let conversation = Conversation::open(registry, key, &applied).unwrap();
                *end = End::Open(Box::new(conversation));
                Ok(())
            }
            (End::Open(conversation), Frame::Renew { nonce }) if bounds.has(Mistake::HeadOfAnEarlierMoment) => {
                link.early = Some((nonce, registry.head()));
                conversation.heard(registry, &Frame::Renew { nonce }, at(self.now))
            }
            (End::Open(conversation), frame) => conversation.heard(registry, &frame, at(self.now)),
            (End::Fresh | End::Closed, _) => Err(Ended::OutOfTurn),
        };
        if outcome.is_err() {
            link.close_authority(registry, self.now);
        }
    }

    /// Sends everything that there is to send.
    fn speak(&mut self, guard: usize, link: usize, old_snapshot: bool, bounds: &Bounds) {
        let registry = self.registry.as_mut().unwrap();
        let link = &mut self.guards[guard].links[link];
        let End::Open(conversation) = &mut link.authority else {
            return;
        };
        if let Some((nonce, head)) = link.early.take_if(|_| bounds.has(Mistake::HeadOfAnEarlierMoment)) {
            link.down.push_back(Message::Frame(Frame::Heartbeat { nonce, head: head.into() }));
            return;
        }
        loop {
            let before = registry.clone();
            let message = match conversation.next(registry, at(self.now)) {
                Err(_) => return link.close_authority(registry, self.now),
                Ok(None) => return,
                Ok(Some(Turn::Welcome(opening))) => {
                    Message::Frame(Frame::Welcome { heartbeat: TIMING.heartbeat, lease: TIMING.lease, opening })
                }
                Ok(Some(Turn::Snapshot)) => {
                    let seq = if old_snapshot { 0 } else { registry.head().seq };
                    let position = Position { seq, ..registry.head() };
                    conversation.snapshot_sent(position);
                    let newer = self.log.iter().take(usize::try_from(seq).unwrap());
                    let records = self.before.iter().chain(newer).copied().collect();
                    Message::Snapshot { records, claims: claims(position) }
                }
                Ok(Some(Turn::Delta { first, count })) => {
                    let start = usize::try_from(first.seq - 1).unwrap();
                    let records = self.log[start..start + usize::try_from(count).unwrap()].iter().copied();
                    Message::Frame(Frame::Delta { first, records: records.map(record).collect() })
                }
                Ok(Some(Turn::Heartbeat { nonce, head })) => {
                    if bounds.has(Mistake::LeaseNotCounted) {
                        *registry = before;
                    }
                    Message::Frame(Frame::Heartbeat { nonce, head: head.into() })
                }
            };
            if link.guard_open {
                link.down.push_back(message);
            }
        }
    }

    fn guard_hears(&mut self, guard: usize, link: usize, bounds: &Bounds) {
        let now = self.now;
        let guard = &mut self.guards[guard];
        let effects = match guard.links[link].down.pop_front() {
            Some(Message::Frame(Frame::Heartbeat { nonce, .. })) if bounds.has(Mistake::HeadNotCompared) => {
                let head = guard.follower.applied().clone();
                guard.follower.received(Frame::Heartbeat { nonce, head })
            }
            Some(Message::Frame(frame)) => guard.follower.received(frame),
            Some(Message::Snapshot { records, claims }) => {
                let records = records.into_iter().map(|id| Revocation::clone(&record(id))).collect();
                let mut effects = guard.follower.received(Frame::SnapshotPart { records });
                if !effects.iter().any(|effect| matches!(effect, Effect::HangUp(_))) {
                    effects.extend(guard.follower.loaded(claims));
                }
                effects
            }
            // The authority's end is closed, and everything that it had sent has come.
            None => return guard.hang_up(),
        };
        guard.carry_out(effects, now, bounds);
    }

    fn crash_guard(&mut self, guard: usize, bounds: &Bounds) {
        let guard = &mut self.guards[guard];
        guard.hang_up();
        let keeps = bounds.has(Mistake::LeaseSurvivesRestart);
        let lease = if keeps { guard.lease } else { BootTime::default() };
        // The highest bit: another process.
        let reborn = Guard::new(guard.instance | 0x80);
        let links = std::mem::take(&mut guard.links);
        *guard = Guard { links, lease, connections: guard.connections, missed: guard.missed, ..reborn };
    }

    fn crash_authority(&mut self) {
        self.registry = None;
        for link in self.guards.iter_mut().flat_map(|guard| &mut guard.links) {
            link.authority = End::Closed;
            link.up.clear();
            link.early = None;
        }
        for order in &mut self.orders {
            if matches!(order, Order::Waiting { .. }) {
                *order = Order::Unanswered;
            }
        }
    }

    fn restore(&mut self) {
        self.disk = self.backup.clone().unwrap();
        for (order, id) in self.orders.iter_mut().zip(0..) {
            if *order != Order::NotGiven && !self.disk.records.contains(&id) {
                *order = Order::Lost;
            }
        }
    }

    /// Closes what has ended at the guard's side, and drops what has ended at both.
    fn tidy(&mut self) {
        for guard in &mut self.guards {
            for link in &mut guard.links {
                if !link.guard_open && link.up.is_empty() {
                    match &mut self.registry {
                        Some(registry) => link.close_authority(registry, self.now),
                        None => link.authority = End::Closed,
                    }
                }
            }
            guard.links.retain(|link| link.guard_open || link.authority != End::Closed);
        }
    }

    /// The first revocation that was answered `enforced` and is not.
    fn accepted_after_enforced(&self) -> Option<u8> {
        let enforced = self.orders.iter().zip(0..).filter(|(order, _)| **order == Order::Enforced).map(|(_, id)| id);
        enforced.into_iter().find(|id| self.guards.iter().any(|guard| guard.accepts(*id, self.now)))
    }

    /// Whether somebody has waited longer than the protocol allows.
    fn waits_too_long(&self) -> bool {
        let limit = (TIMING.max_lag + TIMING.lease + TIMING.margin).as_secs();
        self.orders.iter().any(|order| matches!(order, Order::Waiting { since, .. } if self.now - since > limit))
    }
}

impl Link {
    fn close_authority(&mut self, registry: &mut Registry, now: u64) {
        if let End::Open(conversation) = &self.authority {
            conversation.closed(registry, at(now));
        }
        self.authority = End::Closed;
        self.up.clear();
        self.early = None;
    }
}

const fn wall(now: u64) -> UnixTime {
    UnixTime::from_secs(1_000_000 + now)
}
