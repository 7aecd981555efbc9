//! A guard's side of the revocation stream, without I/O: frames and time go in, actions come out.
//!
//! The guard asks (`Renew`), the authority answers with the head of its log (`Heartbeat`). When the guard has applied
//! that head, its replica was current at some moment after it *sent* the question; it may trust it until that moment
//! plus the lease. No two clocks are compared, only their rates.
//!
//! The state is a plain value: the same [`Follower`] runs in a guard, in the model checker and in the simulation.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use probity_jose::UnixTime;

use super::clocks::ClockWatch;
use super::position::{Position, Positions};
use super::record::Revocation;
use super::replica::LAPSE_GRACE_SECONDS;
use super::snapshot::{SnapshotClaims, SnapshotError};
use super::wire::{Frame, Instance, Opening, VERSION};
use crate::clock::BootTime;

/// The longest lease a guard accepts, whatever the authority says.
pub const MAX_LEASE: Duration = Duration::from_mins(1);

/// How often lapsed records are dropped.
pub const FORGET_INTERVAL: Duration = Duration::from_mins(1);

/// The most questions without an answer; older ones are forgotten, and with them the lease they could bring.
const MAX_OPEN_RENEWALS: usize = 64;

/// What whoever drives a [`Follower`] has to do, in the order in which it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send this frame.
    Send(Frame),
    /// Add a record to the replica.
    Apply(Arc<Revocation>),
    /// The replica holds every record that lapses after this moment, by the authority's snapshot.
    Complete(UnixTime),
    /// Drop the records that have lapsed at this moment.
    Forget(UnixTime),
    /// Trust the replica until then, or longer if that was said before.
    Extend(BootTime),
    /// Trust the replica no more.
    EndLease,
    /// Tell whoever operates the guard.
    Report(Report),
    /// Close the connection; nothing more comes.
    HangUp(ProtocolError),
}

/// What should be looked into, although the guard goes on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Report {
    /// The authority does not know records that this guard has applied: its store is older than what it once said. The guard
    /// keeps them.
    AuthorityRestored {
        /// How far the guard had read.
        had: Positions,
    },
}

/// Why a connection is closed and made anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// A record between the replica's position and this batch is missing.
    #[error("records are missing between {applied} and {first}")]
    Gap {
        /// How far the replica is.
        applied: Positions,
        /// The first record of the batch that came.
        first: Position,
    },
    /// A frame came that has no place here.
    #[error("a {0} frame out of turn")]
    OutOfTurn(&'static str),
    /// More logs than a replica follows.
    #[error("the authority has too many writers")]
    TooManyWriters,
    /// A snapshot is not what the authority signed.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The authority ended the connection.
    #[error("the authority refused: {0}")]
    Refused(String),
    /// Questions have had no answer for two leases.
    #[error("the authority does not answer")]
    Unanswered,
    /// The wall clock was set.
    #[error("the wall clock stepped by {0:?}: the replica is loaded anew")]
    ClockStepped(Duration),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Phase {
    /// No connection.
    Apart,
    /// `Hello` is sent.
    Greeting,
    /// The snapshot comes in.
    Loading,
    /// Deltas and heartbeats.
    Following,
}

/// A guard's side of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Follower {
    instance: Instance,
    phase: Phase,
    /// How far the replica is; nowhere until a first snapshot is complete.
    applied: Positions,
    /// The replica keeps records that the authority has lost.
    keeps_lost: bool,
    heartbeat: Duration,
    lease_span: Duration,
    next_nonce: u64,
    /// Questions without an answer, and when each was sent.
    open: VecDeque<(u64, BootTime)>,
    last_renewal: Option<BootTime>,
    last_forgotten: Option<BootTime>,
    clocks: ClockWatch,
    horizon: UnixTime,
}

impl Follower {
    /// A guard that has just started: its replica is empty and its lease has run out.
    pub const fn new(instance: Instance) -> Self {
        Self {
            instance,
            phase: Phase::Apart,
            applied: Positions::NOWHERE,
            keeps_lost: false,
            heartbeat: Duration::from_millis(250),
            lease_span: Duration::ZERO,
            next_nonce: 1,
            open: VecDeque::new(),
            last_renewal: None,
            last_forgotten: None,
            clocks: ClockWatch::new(),
            horizon: UnixTime::from_secs(0),
        }
    }

    /// How far the replica is; nowhere until a first snapshot is complete.
    pub const fn applied(&self) -> &Positions {
        &self.applied
    }

    /// How often [`Follower::tick`] wants to be called.
    pub const fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    /// A connection stands: what to send first.
    pub fn connected(&mut self) -> Frame {
        self.phase = Phase::Greeting;
        self.open.clear();
        self.last_renewal = None;
        Frame::Hello { version: VERSION, instance: self.instance, applied: self.applied.clone() }
    }

    /// The connection is gone. The lease runs on: what it promises was true when it was given.
    pub fn disconnected(&mut self) {
        self.phase = Phase::Apart;
        self.open.clear();
    }

    /// A frame has come. For a `SnapshotEnd`, verify its signature and call [`Follower::loaded`] instead.
    pub fn received(&mut self, frame: Frame) -> Vec<Action> {
        match (&self.phase, frame) {
            (_, Frame::Refused { reason }) => hang_up(ProtocolError::Refused(reason)),
            (Phase::Greeting, Frame::Welcome { heartbeat, lease, opening }) => self.welcomed(heartbeat, lease, opening),
            (Phase::Loading, Frame::SnapshotPart { records }) => {
                records.into_iter().map(|record| Action::Apply(Arc::new(record))).collect()
            }
            (Phase::Following, Frame::Delta { first, records }) => self.delta_came(first, records),
            (Phase::Following, Frame::Heartbeat { nonce, head }) => self.heartbeat_came(nonce, &head),
            (_, Frame::Welcome { .. }) => hang_up(ProtocolError::OutOfTurn("Welcome")),
            (_, Frame::SnapshotPart { .. }) => hang_up(ProtocolError::OutOfTurn("SnapshotPart")),
            (_, Frame::SnapshotEnd { .. }) => hang_up(ProtocolError::OutOfTurn("SnapshotEnd")),
            (_, Frame::Delta { .. }) => hang_up(ProtocolError::OutOfTurn("Delta")),
            (_, Frame::Heartbeat { .. }) => hang_up(ProtocolError::OutOfTurn("Heartbeat")),
            (_, Frame::Hello { .. } | Frame::Renew { .. } | Frame::Ack { .. }) => {
                hang_up(ProtocolError::OutOfTurn("guard's"))
            }
        }
    }

    fn welcomed(&mut self, heartbeat: Duration, lease: Duration, opening: Opening) -> Vec<Action> {
        self.heartbeat = heartbeat;
        self.lease_span = lease.min(MAX_LEASE);
        match opening {
            Opening::Resume if self.applied.is_empty() => hang_up(ProtocolError::OutOfTurn("resuming Welcome")),
            Opening::Resume => {
                self.phase = Phase::Following;
                Vec::new()
            }
            Opening::Snapshot => {
                self.phase = Phase::Loading;
                Vec::new()
            }
            Opening::Restored => {
                self.phase = Phase::Loading;
                self.keeps_lost = true;
                vec![Action::Report(Report::AuthorityRestored { had: self.applied.clone() })]
            }
        }
    }

    /// Every part of a snapshot has come, and the authority's signature names just these records.
    pub fn loaded(&mut self, snapshot: SnapshotClaims) -> Vec<Action> {
        if self.phase != Phase::Loading {
            return hang_up(ProtocolError::OutOfTurn("SnapshotEnd"));
        }
        self.phase = Phase::Following;
        // What the replica held before stays: the union of both is what must be enforced, also when the authority was
        // restored from an old backup. Only then is the snapshot less than the whole, and what the guard has once
        // forgotten of the rest stays forgotten.
        self.horizon = if self.keeps_lost { self.horizon.max(snapshot.horizon) } else { snapshot.horizon };
        self.applied = snapshot.positions;
        vec![Action::Complete(self.horizon), Action::Send(Frame::Ack { applied: self.applied.clone() })]
    }

    fn delta_came(&mut self, first: Position, records: Vec<Arc<Revocation>>) -> Vec<Action> {
        // Nothing is known of the log of a writer that has started since: it begins with record 1.
        let known = self.applied.seq_in_log_of(&first).unwrap_or(0);
        if first.seq == 0 || first.seq > known.saturating_add(1) {
            return hang_up(ProtocolError::Gap { applied: self.applied.clone(), first });
        }
        let last = first.plus(records.len() as u64).seq.saturating_sub(1);
        if self.applied.advance(Position { seq: last, ..first }).is_err() {
            return hang_up(ProtocolError::TooManyWriters);
        }
        let mut actions: Vec<Action> = records.into_iter().map(Action::Apply).collect();
        actions.push(Action::Send(Frame::Ack { applied: self.applied.clone() }));
        actions
    }

    fn heartbeat_came(&mut self, nonce: u64, head: &Positions) -> Vec<Action> {
        let Some(at) = self.open.iter().position(|(open, _)| *open == nonce) else {
            return Vec::new();
        };
        let sent = self.open.get(at).map(|(_, sent)| *sent);
        self.open.drain(..=at);
        // Deltas and heartbeats come in order, so a head beyond what is applied means that something was lost: the
        // lease is not extended, and runs out if it stays so.
        match sent {
            Some(sent) if self.applied.cover(head) => vec![Action::Extend(sent.plus(self.lease_span))],
            _ => Vec::new(),
        }
    }

    /// Time has passed. To be called every [`Follower::heartbeat`] and after each frame, with a connection or without.
    ///
    /// `now` must have been read before what this says to send is sent.
    pub fn tick(&mut self, now: BootTime, wall: UnixTime) -> Vec<Action> {
        if let Some(step) = self.clocks.look(now, wall) {
            // Records lapse by the wall clock, so the replica may have forgotten what it still needs.
            self.applied = Positions::NOWHERE;
            self.phase = Phase::Apart;
            self.open.clear();
            return vec![Action::EndLease, Action::HangUp(ProtocolError::ClockStepped(step))];
        }
        if self.is_unanswered(now) {
            return hang_up(ProtocolError::Unanswered);
        }
        let mut actions = self.forget(now, wall);
        actions.extend(self.renew(now).map(Action::Send));
        actions
    }

    /// Whether the oldest question without an answer is so old that the connection can't be right: bytes may still come,
    /// say behind a frame whose length was garbled, and would be waited for in vain.
    fn is_unanswered(&self, now: BootTime) -> bool {
        self.open.front().is_some_and(|(_, sent)| now.since(*sent) > self.lease_span * 2)
    }

    fn forget(&mut self, now: BootTime, wall: UnixTime) -> Vec<Action> {
        // Never while a snapshot comes in: it says how complete the replica is, which must not change meanwhile.
        let due = self.last_forgotten.is_none_or(|last| now.since(last) >= FORGET_INTERVAL);
        if !due || self.phase == Phase::Loading {
            return Vec::new();
        }
        self.last_forgotten = Some(now);
        self.horizon = self.horizon.max(wall.minus(LAPSE_GRACE_SECONDS));
        vec![Action::Forget(self.horizon)]
    }

    fn renew(&mut self, now: BootTime) -> Option<Frame> {
        if self.phase != Phase::Following || self.last_renewal.is_some_and(|last| now.since(last) < self.heartbeat) {
            return None;
        }
        let nonce = self.next_nonce;
        self.next_nonce = nonce.wrapping_add(1);
        self.last_renewal = Some(now);
        if self.open.len() == MAX_OPEN_RENEWALS {
            self.open.pop_front();
        }
        self.open.push_back((nonce, now));
        Some(Frame::Renew { nonce })
    }
}

fn hang_up(error: ProtocolError) -> Vec<Action> {
    vec![Action::HangUp(error)]
}

#[cfg(test)]
mod tests {
    use super::super::{Enforcer, Lease, MAX_WRITERS, Replica, Target, TokenFacts, Writer};
    use super::*;

    const WALL: UnixTime = UnixTime::from_secs(1_000_000);
    const LEASE: Duration = Duration::from_secs(2);

    fn boot(millis: u64) -> BootTime {
        BootTime::from_nanos(millis * 1_000_000)
    }

    /// A place in the log of the authority's start number `term`.
    fn at(term: u8, seq: u64) -> Position {
        Position { writer: Writer([term; 8]), term: u64::from(term), seq }
    }

    fn token(jti: &str) -> Arc<Revocation> {
        Arc::new(Revocation::own(Target::Token(jti.into()), WALL.plus(600)))
    }

    /// A follower with a real replica and lease, driven by hand.
    struct Guard {
        follower: Follower,
        enforcer: Enforcer,
    }

    impl Guard {
        fn new() -> Self {
            let enforcer = Enforcer::new(Arc::new(Replica::new("https://as.example")), Arc::new(Lease::default()));
            Self { follower: Follower::new(Instance([7; 16])), enforcer }
        }

        /// A guard that has loaded an empty snapshot of term 1 at position 0, and has asked once at `boot(0)`.
        fn following() -> Self {
            let mut guard = Self::new();
            guard.follower.connected();
            assert_eq!(guard.hear(welcome(Opening::Snapshot)), Ok(None));
            assert_eq!(guard.load(at(1, 0), 0), Ok(Some(ack(at(1, 0)))));
            assert_eq!(guard.tick(0, WALL), Ok(Some(Frame::Renew { nonce: 1 })));
            guard
        }

        /// The last frame to send, after everything before it has been carried out.
        fn carry_out(&self, actions: Vec<Action>) -> Result<Option<Frame>, ProtocolError> {
            let mut sent = None;
            self.enforcer.carry_out(actions, |frame| sent = Some(frame)).map(|()| sent)
        }

        fn hear(&mut self, frame: Frame) -> Result<Option<Frame>, ProtocolError> {
            let actions = self.follower.received(frame);
            self.carry_out(actions)
        }

        fn load(&mut self, position: Position, horizon: u64) -> Result<Option<Frame>, ProtocolError> {
            let horizon = UnixTime::from_secs(horizon);
            let claims = SnapshotClaims { positions: position.into(), horizon, count: 0, sha256: [0; 32] };
            let actions = self.follower.loaded(claims);
            self.carry_out(actions)
        }

        fn tick(&mut self, millis: u64, wall: UnixTime) -> Result<Option<Frame>, ProtocolError> {
            let actions = self.follower.tick(boot(millis), wall);
            self.carry_out(actions)
        }

        fn trusts(&self, millis: u64) -> bool {
            self.enforcer.lease().holds(boot(millis))
        }

        fn refuses(&self, jti: &str, expires: UnixTime) -> bool {
            let facts = TokenFacts {
                issuer: "https://as.example",
                key: None,
                subject: "alice",
                client: None,
                token: Some(jti),
                issued: WALL,
                expires,
                family: None,
                session_id: None,
                session: None,
            };
            self.enforcer.replica().check(&facts).is_some()
        }

        fn is_revoked(&self, jti: &str) -> bool {
            self.refuses(jti, WALL.plus(600))
        }
    }

    fn welcome(opening: Opening) -> Frame {
        Frame::Welcome { heartbeat: Duration::from_millis(250), lease: LEASE, opening }
    }

    fn ack(position: Position) -> Frame {
        Frame::Ack { applied: position.into() }
    }

    fn heartbeat(nonce: u64, head: Position) -> Frame {
        Frame::Heartbeat { nonce, head: head.into() }
    }

    fn delta(first: Position, names: &[&str]) -> Frame {
        Frame::Delta { first, records: names.iter().map(|name| token(name)).collect() }
    }

    #[test]
    fn a_guard_that_starts_trusts_nothing_until_a_heartbeat_has_answered_it() {
        let mut guard = Guard::following();
        assert!(!guard.trusts(1));
        assert_eq!(guard.hear(heartbeat(1, at(1, 0))), Ok(None));
        assert!(guard.trusts(1));
    }

    #[test]
    fn the_lease_counts_from_when_the_question_was_sent_not_from_when_the_answer_came() {
        let mut guard = Guard::following();
        // However late the answer is read, trust ends 2 s after the question.
        guard.hear(heartbeat(1, at(1, 0))).unwrap();
        assert!(guard.trusts(1_999));
        assert!(!guard.trusts(2_000));
    }

    #[test]
    fn a_heartbeat_whose_head_is_not_applied_extends_nothing() {
        for head in [at(1, 1), at(2, 0)] {
            let mut guard = Guard::following();
            guard.hear(heartbeat(1, head)).unwrap();
            assert!(!guard.trusts(1), "{head}");
        }
    }

    #[test]
    fn every_writers_head_must_be_applied() {
        let mut guard = Guard::following();
        let heads = Positions::try_from(vec![at(1, 0), at(2, 1)]).unwrap();
        guard.hear(Frame::Heartbeat { nonce: 1, head: heads.clone() }).unwrap();
        assert!(!guard.trusts(1));
        // The other writer's first record, which begins its log.
        let expected = Frame::Ack { applied: heads.clone() };
        assert_eq!(guard.hear(delta(at(2, 1), &["a"])), Ok(Some(expected)));
        assert_eq!(guard.tick(250, WALL), Ok(Some(Frame::Renew { nonce: 2 })));
        guard.hear(Frame::Heartbeat { nonce: 2, head: heads }).unwrap();
        assert!(guard.trusts(251));
    }

    #[test]
    fn an_answer_to_no_question_extends_nothing() {
        let mut guard = Guard::following();
        guard.hear(heartbeat(99, at(1, 0))).unwrap();
        assert!(!guard.trusts(1));
        // And the same answer twice counts once: the question is closed.
        guard.hear(heartbeat(1, at(1, 0))).unwrap();
        guard.carry_out(vec![Action::EndLease]).unwrap();
        guard.hear(heartbeat(1, at(1, 0))).unwrap();
        assert!(!guard.trusts(1));
    }

    #[test]
    fn an_answer_from_before_a_reconnection_extends_nothing() {
        let mut guard = Guard::following();
        guard.follower.disconnected();
        guard.follower.connected();
        guard.hear(welcome(Opening::Resume)).unwrap();
        guard.hear(heartbeat(1, at(1, 0))).unwrap();
        assert!(!guard.trusts(1));
    }

    #[test]
    fn a_delta_is_enforced_before_it_is_acknowledged() {
        let mut guard = Guard::following();
        let actions = guard.follower.received(delta(at(1, 1), &["a", "b"]));
        assert!(matches!(actions.last(), Some(Action::Send(frame)) if *frame == ack(at(1, 2))));
        guard.enforcer.clone().carry_out(actions, |_| assert!(guard.is_revoked("a") && guard.is_revoked("b"))).unwrap();
        assert!(!guard.is_revoked("c"));
    }

    #[test]
    fn a_gap_is_an_error_and_a_repetition_is_not() {
        let mut guard = Guard::following();
        assert!(matches!(guard.hear(delta(at(1, 2), &["a"])), Err(ProtocolError::Gap { .. })));
        assert_eq!(guard.hear(delta(at(1, 1), &["a"])), Ok(Some(ack(at(1, 1)))));
        assert_eq!(guard.hear(delta(at(1, 1), &["a"])), Ok(Some(ack(at(1, 1)))));
        assert!(matches!(guard.hear(delta(at(2, 2), &["a"])), Err(ProtocolError::Gap { .. })));
        assert!(matches!(guard.hear(delta(at(1, 0), &["a"])), Err(ProtocolError::Gap { .. })));
    }

    #[test]
    fn one_log_more_than_a_replica_follows_ends_the_connection() {
        let mut guard = Guard::following();
        for term in 2..=u8::try_from(MAX_WRITERS).unwrap() {
            guard.hear(delta(at(term, 1), &["a"])).unwrap();
        }
        assert_eq!(guard.hear(delta(at(200, 1), &["a"])), Err(ProtocolError::TooManyWriters));
    }

    #[test]
    fn a_snapshot_of_a_new_term_is_added_to_what_was_known() {
        let mut guard = Guard::following();
        guard.hear(delta(at(1, 1), &["old"])).unwrap();
        guard.follower.disconnected();
        let hello = guard.follower.connected();
        assert!(matches!(hello, Frame::Hello { applied, .. } if applied == at(1, 1).into()));
        guard.hear(welcome(Opening::Snapshot)).unwrap();
        guard.hear(Frame::SnapshotPart { records: vec![Revocation::clone(&token("new"))] }).unwrap();
        guard.load(at(2, 0), 0).unwrap();
        assert!(guard.is_revoked("old") && guard.is_revoked("new"));
        assert_eq!(guard.follower.applied(), &at(2, 0).into());
    }

    #[test]
    fn an_authority_restored_from_a_backup_is_reported_and_the_union_is_kept() {
        let mut guard = Guard::following();
        guard.hear(delta(at(1, 1), &["lost"])).unwrap();
        guard.follower.disconnected();
        guard.follower.connected();
        let actions = guard.follower.received(welcome(Opening::Restored));
        assert_eq!(actions, [Action::Report(Report::AuthorityRestored { had: at(1, 1).into() })]);
        // Nobody can tell the guard again what it has already forgotten, so an older horizon does not count.
        guard.carry_out(vec![Action::Forget(UnixTime::from_secs(50))]).unwrap();
        guard.follower.horizon = UnixTime::from_secs(50);
        guard.load(at(2, 0), 7).unwrap();
        assert!(guard.is_revoked("lost"));
        assert_eq!(guard.enforcer.replica().horizon(), UnixTime::from_secs(50));
    }

    #[test]
    fn a_half_loaded_snapshot_does_not_count_as_a_position() {
        let mut guard = Guard::new();
        guard.follower.connected();
        guard.hear(welcome(Opening::Snapshot)).unwrap();
        guard.hear(Frame::SnapshotPart { records: vec![Revocation::clone(&token("a"))] }).unwrap();
        assert_eq!(guard.tick(300, WALL), Ok(None), "no renewal while loading");
        guard.follower.disconnected();
        let hello = guard.follower.connected();
        assert!(matches!(hello, Frame::Hello { applied, .. } if applied == Positions::NOWHERE));
    }

    #[test]
    fn nothing_is_forgotten_while_a_snapshot_comes_in() {
        let mut guard = Guard::following();
        guard.follower.disconnected();
        guard.follower.connected();
        guard.hear(welcome(Opening::Snapshot)).unwrap();
        // A record that has lapsed by the guard's clock, and not by the authority's.
        let lapsed = WALL.plus(10);
        let record = Revocation::own(Target::Token("a".into()), lapsed);
        guard.hear(Frame::SnapshotPart { records: vec![record] }).unwrap();
        guard.tick(3_600_000, WALL.plus(3_600)).unwrap();
        guard.load(at(2, 0), WALL.as_secs()).unwrap();
        assert!(guard.refuses("a", lapsed), "the snapshot says that nothing after its horizon is missing");
        guard.tick(3_600_250, WALL.plus(3_600)).unwrap();
        assert!(
            guard.refuses("a", lapsed) && guard.enforcer.replica().is_empty(),
            "now the guard's own horizon refuses it"
        );
    }

    #[test]
    fn a_step_of_the_wall_clock_ends_the_lease_and_reloads_the_replica() {
        for stepped in [WALL.plus(3_600), WALL.minus(3_600)] {
            let mut guard = Guard::following();
            guard.hear(heartbeat(1, at(1, 0))).unwrap();
            assert!(guard.trusts(250));
            assert!(matches!(guard.tick(250, stepped), Err(ProtocolError::ClockStepped(_))));
            assert!(!guard.trusts(251));
            assert_eq!(guard.follower.applied(), &Positions::NOWHERE);
        }
    }

    #[test]
    fn a_clock_that_was_wrong_for_a_while_between_two_connections_lets_no_revoked_token_through() {
        let mut guard = Guard::following();
        guard.hear(delta(at(1, 1), &["dead"])).unwrap();
        guard.hear(heartbeat(1, at(1, 0))).unwrap();
        guard.follower.disconnected();
        // An hour ahead, long enough for the record to lapse by it, then right again.
        let ahead = guard.tick(70_000, WALL.plus(70 + 3_600));
        assert!(matches!(ahead, Err(ProtocolError::ClockStepped(_))));
        guard.tick(140_000, WALL.plus(140 + 3_600)).unwrap();
        assert!(guard.enforcer.replica().is_empty());
        let back = guard.tick(200_000, WALL.plus(200));
        assert!(matches!(back, Err(ProtocolError::ClockStepped(_))));
        assert!(guard.is_revoked("dead"), "what was forgotten is refused until it is loaded anew");
    }

    #[test]
    fn a_clock_that_runs_with_the_steady_one_is_no_step_even_over_a_suspend() {
        let mut guard = Guard::following();
        guard.hear(heartbeat(1, at(1, 0))).unwrap();
        assert!(guard.tick(3_600_000, WALL.plus(3_600)).is_ok());
    }

    #[test]
    fn a_resumption_that_the_guard_can_not_have_asked_for_is_refused() {
        let mut guard = Guard::new();
        guard.follower.connected();
        assert!(guard.hear(welcome(Opening::Resume)).is_err());
    }

    #[test]
    fn frames_out_of_turn_are_refused() {
        assert!(Guard::new().hear(heartbeat(1, at(1, 0))).is_err());
        assert!(Guard::new().load(at(1, 0), 0).is_err());
        assert!(Guard::following().load(at(1, 0), 0).is_err());
        assert!(Guard::following().hear(welcome(Opening::Resume)).is_err());
        assert!(Guard::following().hear(ack(at(1, 0))).is_err());
        let refused = Guard::following().hear(Frame::Refused { reason: "go away".into() });
        assert_eq!(refused, Err(ProtocolError::Refused("go away".into())));
    }

    #[test]
    fn a_connection_on_which_nothing_is_answered_any_more_is_given_up() {
        let mut guard = Guard::following();
        guard.hear(heartbeat(1, at(1, 0))).unwrap();
        guard.tick(250, WALL).unwrap();
        assert!(guard.tick(4_250, WALL.plus(4)).is_ok());
        assert_eq!(guard.tick(4_251, WALL.plus(4)), Err(ProtocolError::Unanswered));
    }

    #[test]
    fn a_renewal_is_sent_once_per_heartbeat() {
        let mut guard = Guard::following();
        assert_eq!(guard.tick(249, WALL), Ok(None));
        assert_eq!(guard.tick(250, WALL), Ok(Some(Frame::Renew { nonce: 2 })));
    }
}
