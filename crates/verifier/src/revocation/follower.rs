//! A guard's side of the revocation stream, without I/O: frames and time go in, frames come out.
//!
//! The guard asks (`Renew`), the authority answers with the head of its log (`Heartbeat`). When the guard has applied
//! that head, its replica was current at some moment after it *sent* the question; it may trust it until that moment
//! plus the lease. No two clocks are compared, only their rates.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use probity_jose::UnixTime;

use super::lease::Lease;
use super::position::Position;
use super::replica::Replica;
use super::wire::{Frame, Instance, VERSION};
use crate::clock::BootTime;

/// How far the wall clock may drift from the steady clock within one connection before the guard calls it a step.
///
/// Records lapse by the wall clock, so after a step the replica may have forgotten what it still needs.
pub const MAX_CLOCK_STEP: Duration = Duration::from_secs(5);

/// The longest lease a guard accepts, whatever the authority says.
pub const MAX_LEASE: Duration = Duration::from_mins(1);

/// The most questions without an answer; older ones are forgotten, and with them the lease they could bring.
const MAX_OPEN_RENEWALS: usize = 64;

/// A violation of the protocol: the connection is closed and made anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// A record between the replica's position and this batch is missing.
    #[error("records are missing between {applied} and {first}")]
    Gap {
        /// How far the replica is.
        applied: Position,
        /// The first record of the batch that came.
        first: Position,
    },
    /// A frame came that has no place here.
    #[error("a {0} frame out of turn")]
    OutOfTurn(&'static str),
    /// A snapshot had another number of records than its end says.
    #[error("a snapshot of {expected} records came with {received}")]
    IncompleteSnapshot {
        /// What the end of the snapshot says.
        expected: u64,
        /// What came.
        received: u64,
    },
    /// The authority ended the connection.
    #[error("the authority refused: {0}")]
    Refused(String),
    /// The wall clock was set by more than [`MAX_CLOCK_STEP`].
    #[error("the wall clock stepped by {0:?}: the replica is loaded anew")]
    ClockStepped(Duration),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// No connection.
    Apart,
    /// `Hello` is sent.
    Greeting,
    /// The snapshot comes in; so many records so far.
    Loading { received: u64 },
    /// Deltas and heartbeats.
    Following,
}

/// A guard's side of the stream.
#[derive(Debug)]
pub struct Follower {
    instance: Instance,
    replica: Arc<Replica>,
    lease: Arc<Lease>,
    phase: Phase,
    /// How far the replica is; `None` until a first snapshot is complete.
    applied: Option<Position>,
    /// The term that the authority announced for this connection.
    term: u64,
    heartbeat: Duration,
    lease_span: Duration,
    next_nonce: u64,
    open: VecDeque<(u64, BootTime)>,
    last_renewal: Option<BootTime>,
    clocks: Option<(BootTime, UnixTime)>,
}

impl Follower {
    /// A guard that has just started: its replica is empty and its lease has run out.
    pub const fn new(instance: Instance, replica: Arc<Replica>, lease: Arc<Lease>) -> Self {
        Self {
            instance,
            replica,
            lease,
            phase: Phase::Apart,
            applied: None,
            term: 0,
            heartbeat: Duration::from_millis(250),
            lease_span: Duration::ZERO,
            next_nonce: 1,
            open: VecDeque::new(),
            last_renewal: None,
            clocks: None,
        }
    }

    /// How far the replica is.
    pub const fn applied(&self) -> Option<Position> {
        self.applied
    }

    /// How often [`Follower::tick`] wants to be called.
    pub const fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    /// A connection stands: what to send first.
    pub fn connected(&mut self, now: BootTime, wall: UnixTime) -> Frame {
        self.phase = Phase::Greeting;
        self.open.clear();
        self.last_renewal = None;
        if self.clocks.is_none() {
            self.clocks = Some((now, wall));
        }
        Frame::Hello { version: VERSION, instance: self.instance, applied: self.applied.unwrap_or_default() }
    }

    /// The connection is gone. The lease runs on: what it promises was true when it was given.
    pub fn disconnected(&mut self) {
        self.phase = Phase::Apart;
        self.open.clear();
    }

    /// A frame has come: what to answer, if anything.
    ///
    /// # Errors
    /// [`ProtocolError`]: close the connection and make a new one.
    pub fn received(&mut self, frame: Frame) -> Result<Option<Frame>, ProtocolError> {
        match (&mut self.phase, frame) {
            (_, Frame::Refused { reason }) => Err(ProtocolError::Refused(reason)),
            (Phase::Greeting, Frame::Welcome { term, heartbeat, lease, resumed }) => {
                self.term = term;
                self.heartbeat = heartbeat;
                self.lease_span = lease.min(MAX_LEASE);
                if resumed && self.applied.is_none_or(|applied| applied.term != term) {
                    return Err(ProtocolError::OutOfTurn("resuming Welcome"));
                }
                self.phase = if resumed { Phase::Following } else { Phase::Loading { received: 0 } };
                Ok(None)
            }
            (Phase::Loading { received }, Frame::SnapshotPart { records }) => {
                *received = received.saturating_add(records.len() as u64);
                for record in &records {
                    self.replica.apply(record);
                }
                Ok(None)
            }
            (Phase::Loading { received }, Frame::SnapshotEnd { position, count }) => {
                if *received != count {
                    return Err(ProtocolError::IncompleteSnapshot { expected: count, received: *received });
                }
                if position.term != self.term {
                    return Err(ProtocolError::OutOfTurn("SnapshotEnd of another term"));
                }
                // What the replica held before stays: the union of both is what must be enforced, also when the
                // authority was restored from an old backup.
                self.phase = Phase::Following;
                self.applied = Some(position);
                Ok(Some(Frame::Ack { applied: position }))
            }
            (Phase::Following, Frame::Delta { first, records }) => self.apply_delta(first, &records).map(Some),
            (Phase::Following, Frame::Heartbeat { nonce, head }) => {
                self.heartbeat_came(nonce, head);
                Ok(None)
            }
            (_, Frame::Welcome { .. }) => Err(ProtocolError::OutOfTurn("Welcome")),
            (_, Frame::SnapshotPart { .. }) => Err(ProtocolError::OutOfTurn("SnapshotPart")),
            (_, Frame::SnapshotEnd { .. }) => Err(ProtocolError::OutOfTurn("SnapshotEnd")),
            (_, Frame::Delta { .. }) => Err(ProtocolError::OutOfTurn("Delta")),
            (_, Frame::Heartbeat { .. }) => Err(ProtocolError::OutOfTurn("Heartbeat")),
            (_, Frame::Hello { .. } | Frame::Renew { .. } | Frame::Ack { .. }) => {
                Err(ProtocolError::OutOfTurn("guard's"))
            }
        }
    }

    fn apply_delta(&mut self, first: Position, records: &[Arc<super::Revocation>]) -> Result<Frame, ProtocolError> {
        let applied = self.applied.unwrap_or_default();
        if first.term != applied.term || first.seq > applied.seq.saturating_add(1) {
            return Err(ProtocolError::Gap { applied, first });
        }
        for record in records {
            self.replica.apply(record);
        }
        let last = first.seq.saturating_add(records.len() as u64).saturating_sub(1);
        let applied = Position { term: applied.term, seq: applied.seq.max(last) };
        self.applied = Some(applied);
        Ok(Frame::Ack { applied })
    }

    fn heartbeat_came(&mut self, nonce: u64, head: Position) {
        let Some(at) = self.open.iter().position(|(open, _)| *open == nonce) else {
            return;
        };
        let sent = self.open.get(at).map(|(_, sent)| *sent);
        self.open.drain(..=at);
        // Deltas and heartbeats come in order, so a head beyond what is applied means that something was lost: the
        // lease is not extended, and runs out if it stays so.
        if let (Some(sent), Some(applied)) = (sent, self.applied)
            && applied.term == head.term
            && applied.seq >= head.seq
        {
            self.lease.extend(sent.plus(self.lease_span));
        }
    }

    /// Time has passed: the question to send, when one is due.
    ///
    /// # Errors
    /// [`ProtocolError::ClockStepped`]: the lease has ended and the replica is loaded anew.
    pub fn tick(&mut self, now: BootTime, wall: UnixTime) -> Result<Option<Frame>, ProtocolError> {
        self.watch_clocks(now, wall)?;
        let (Phase::Following, Some(applied)) = (&self.phase, self.applied) else {
            return Ok(None);
        };
        if self.last_renewal.is_some_and(|last| now.since(last) < self.heartbeat) {
            return Ok(None);
        }
        let nonce = self.next_nonce;
        self.next_nonce = nonce.wrapping_add(1);
        self.last_renewal = Some(now);
        if self.open.len() == MAX_OPEN_RENEWALS {
            self.open.pop_front();
        }
        self.open.push_back((nonce, now));
        Ok(Some(Frame::Renew { nonce, applied }))
    }

    /// Compares what both clocks say has passed since the last look.
    fn watch_clocks(&mut self, now: BootTime, wall: UnixTime) -> Result<(), ProtocolError> {
        let Some((boot_then, wall_then)) = self.clocks.replace((now, wall)) else {
            return Ok(());
        };
        let steady = now.since(boot_then);
        let shown = if wall >= wall_then { Duration::from_secs(wall.since(wall_then)) } else { Duration::ZERO };
        let back = Duration::from_secs(wall_then.since(wall));
        let step = if back.is_zero() { shown.abs_diff(steady) } else { back + steady };
        if step > MAX_CLOCK_STEP {
            self.lease.end();
            self.applied = None;
            return Err(ProtocolError::ClockStepped(step));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Revocation, Target, TokenFacts};
    use super::*;

    const WALL: UnixTime = UnixTime::from_secs(1_000_000);

    fn boot(millis: u64) -> BootTime {
        BootTime::from_nanos(millis * 1_000_000)
    }

    fn at(term: u64, seq: u64) -> Position {
        Position { term, seq }
    }

    fn token(jti: &str) -> Arc<Revocation> {
        Arc::new(Revocation::own(Target::Token(jti.into()), WALL.plus(600)))
    }

    struct Guard {
        follower: Follower,
        replica: Arc<Replica>,
        lease: Arc<Lease>,
    }

    fn guard() -> Guard {
        let replica = Arc::new(Replica::new("https://as.example"));
        let lease = Arc::new(Lease::default());
        let follower = Follower::new(Instance([7; 16]), Arc::clone(&replica), Arc::clone(&lease));
        Guard { follower, replica, lease }
    }

    fn welcome(term: u64, resumed: bool) -> Frame {
        Frame::Welcome { term, heartbeat: Duration::from_millis(250), lease: Duration::from_secs(2), resumed }
    }

    /// A guard that has loaded an empty snapshot of term 1 at position 0, and has asked once at `boot(0)`.
    fn following() -> Guard {
        let mut guard = guard();
        guard.follower.connected(boot(0), WALL);
        assert_eq!(guard.follower.received(welcome(1, false)), Ok(None));
        assert_eq!(
            guard.follower.received(Frame::SnapshotEnd { position: at(1, 0), count: 0 }),
            Ok(Some(Frame::Ack { applied: at(1, 0) }))
        );
        assert_eq!(guard.follower.tick(boot(0), WALL), Ok(Some(Frame::Renew { nonce: 1, applied: at(1, 0) })));
        guard
    }

    fn is_revoked(guard: &Guard, jti: &str) -> bool {
        let facts = TokenFacts {
            issuer: "https://as.example",
            key: None,
            subject: "alice",
            client: None,
            token: Some(jti),
            issued: WALL,
            family: None,
            session_id: None,
            session: None,
        };
        guard.replica.check(&facts).is_some()
    }

    #[test]
    fn a_guard_that_starts_trusts_nothing_until_a_heartbeat_has_answered_it() {
        let mut guard = following();
        assert!(!guard.lease.holds(boot(1)));
        assert_eq!(guard.follower.received(Frame::Heartbeat { nonce: 1, head: at(1, 0) }), Ok(None));
        assert!(guard.lease.holds(boot(1)));
    }

    #[test]
    fn the_lease_counts_from_when_the_question_was_sent_not_from_when_the_answer_came() {
        let mut guard = following();
        // However late the answer is read, trust ends 2 s after the question.
        guard.follower.received(Frame::Heartbeat { nonce: 1, head: at(1, 0) }).unwrap();
        assert!(guard.lease.holds(boot(1_999)));
        assert!(!guard.lease.holds(boot(2_000)));
    }

    #[test]
    fn a_heartbeat_whose_head_is_not_applied_extends_nothing() {
        let mut guard = following();
        guard.follower.received(Frame::Heartbeat { nonce: 1, head: at(1, 1) }).unwrap();
        assert!(!guard.lease.holds(boot(1)));
    }

    #[test]
    fn an_answer_to_no_question_extends_nothing() {
        let mut guard = following();
        guard.follower.received(Frame::Heartbeat { nonce: 99, head: at(1, 0) }).unwrap();
        assert!(!guard.lease.holds(boot(1)));
        // And the same answer twice counts once: the question is closed.
        guard.follower.received(Frame::Heartbeat { nonce: 1, head: at(1, 0) }).unwrap();
        guard.lease.end();
        guard.follower.received(Frame::Heartbeat { nonce: 1, head: at(1, 0) }).unwrap();
        assert!(!guard.lease.holds(boot(1)));
    }

    #[test]
    fn an_answer_from_before_a_reconnection_extends_nothing() {
        let mut guard = following();
        guard.follower.disconnected();
        guard.follower.connected(boot(5_000), WALL.plus(5));
        guard.follower.received(welcome(1, true)).unwrap();
        guard.follower.received(Frame::Heartbeat { nonce: 1, head: at(1, 0) }).unwrap();
        assert!(!guard.lease.holds(boot(5_001)));
    }

    #[test]
    fn a_delta_is_enforced_before_it_is_acknowledged() {
        let mut guard = following();
        let ack = guard.follower.received(Frame::Delta { first: at(1, 1), records: vec![token("a"), token("b")] });
        assert_eq!(ack, Ok(Some(Frame::Ack { applied: at(1, 2) })));
        assert!(is_revoked(&guard, "a") && is_revoked(&guard, "b") && !is_revoked(&guard, "c"));
    }

    #[test]
    fn a_gap_is_an_error_and_a_repetition_is_not() {
        let mut guard = following();
        let delta = |seq| Frame::Delta { first: at(1, seq), records: vec![token("a")] };
        assert!(matches!(guard.follower.received(delta(2)), Err(ProtocolError::Gap { .. })));
        assert_eq!(guard.follower.received(delta(1)), Ok(Some(Frame::Ack { applied: at(1, 1) })));
        assert_eq!(guard.follower.received(delta(1)), Ok(Some(Frame::Ack { applied: at(1, 1) })));
        let other_term = Frame::Delta { first: at(2, 2), records: vec![token("a")] };
        assert!(matches!(guard.follower.received(other_term), Err(ProtocolError::Gap { .. })));
    }

    #[test]
    fn a_snapshot_of_a_new_term_is_added_to_what_was_known() {
        let mut guard = following();
        guard.follower.received(Frame::Delta { first: at(1, 1), records: vec![token("old")] }).unwrap();
        guard.follower.disconnected();
        let hello = guard.follower.connected(boot(10), WALL);
        assert!(matches!(hello, Frame::Hello { applied, .. } if applied == at(1, 1)));
        guard.follower.received(welcome(2, false)).unwrap();
        guard.follower.received(Frame::SnapshotPart { records: vec![Revocation::clone(&token("new"))] }).unwrap();
        guard.follower.received(Frame::SnapshotEnd { position: at(2, 0), count: 1 }).unwrap();
        assert!(is_revoked(&guard, "old") && is_revoked(&guard, "new"));
        assert_eq!(guard.follower.applied(), Some(at(2, 0)));
    }

    #[test]
    fn a_snapshot_that_lost_a_record_is_refused() {
        let mut guard = guard();
        guard.follower.connected(boot(0), WALL);
        guard.follower.received(welcome(1, false)).unwrap();
        let end = guard.follower.received(Frame::SnapshotEnd { position: at(1, 5), count: 1 });
        assert_eq!(end, Err(ProtocolError::IncompleteSnapshot { expected: 1, received: 0 }));
        assert_eq!(guard.follower.applied(), None);
    }

    #[test]
    fn a_half_loaded_snapshot_does_not_count_as_a_position() {
        let mut guard = guard();
        guard.follower.connected(boot(0), WALL);
        guard.follower.received(welcome(1, false)).unwrap();
        guard.follower.received(Frame::SnapshotPart { records: vec![Revocation::clone(&token("a"))] }).unwrap();
        assert_eq!(guard.follower.tick(boot(300), WALL), Ok(None), "no renewal while loading");
        guard.follower.disconnected();
        let hello = guard.follower.connected(boot(400), WALL);
        assert!(matches!(hello, Frame::Hello { applied, .. } if applied == Position::default()));
    }

    #[test]
    fn a_step_of_the_wall_clock_ends_the_lease_and_reloads_the_replica() {
        for stepped in [WALL.plus(3_600), WALL.minus(3_600)] {
            let mut guard = following();
            guard.follower.received(Frame::Heartbeat { nonce: 1, head: at(1, 0) }).unwrap();
            assert!(guard.lease.holds(boot(250)));
            assert!(matches!(guard.follower.tick(boot(250), stepped), Err(ProtocolError::ClockStepped(_))));
            assert!(!guard.lease.holds(boot(251)));
            assert_eq!(guard.follower.applied(), None);
        }
    }

    #[test]
    fn a_clock_that_runs_with_the_steady_one_is_no_step_even_over_a_suspend() {
        let mut guard = following();
        assert!(guard.follower.tick(boot(3_600_000), WALL.plus(3_600)).is_ok());
    }

    #[test]
    fn a_resumption_of_a_term_the_guard_never_saw_is_refused() {
        let mut guard = guard();
        guard.follower.connected(boot(0), WALL);
        assert!(guard.follower.received(welcome(1, true)).is_err());
    }

    #[test]
    fn frames_out_of_turn_are_refused() {
        let heartbeat = || Frame::Heartbeat { nonce: 1, head: at(1, 0) };
        assert!(guard().follower.received(heartbeat()).is_err());
        assert!(following().follower.received(welcome(1, true)).is_err());
        assert!(following().follower.received(Frame::Ack { applied: at(1, 0) }).is_err());
        let refused = following().follower.received(Frame::Refused { reason: "go away".into() });
        assert_eq!(refused, Err(ProtocolError::Refused("go away".into())));
    }

    #[test]
    fn a_renewal_is_sent_once_per_heartbeat() {
        let mut guard = following();
        assert_eq!(guard.follower.tick(boot(249), WALL), Ok(None));
        assert!(matches!(guard.follower.tick(boot(250), WALL), Ok(Some(Frame::Renew { nonce: 2, .. }))));
    }
}
