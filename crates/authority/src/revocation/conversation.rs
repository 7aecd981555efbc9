//! The authority's side of one guard's connection, without I/O: frames and time go in, turns to speak come out.
//!
//! Whoever drives it asks for the [`next`](Conversation::next) turn when the last one has been written. So a guard that
//! reads slowly holds up nobody but itself: it gets no heartbeat before everything else, and loses its lease.

use probity_verifier::clock::BootTime;
use probity_verifier::revocation::wire::{Frame, MAX_RECORDS_PER_FRAME, Opening};
use probity_verifier::revocation::{Position, Positions};

use super::registry::{GuardKey, Registry, TooManyGuards};

/// What to send next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Turn {
    /// How the connection begins.
    Welcome(Opening),
    /// A snapshot; [`Conversation::snapshot_sent`] says which one it was.
    Snapshot,
    /// So many records.
    Delta {
        /// The place of the first.
        first: Position,
        /// At most [`MAX_RECORDS_PER_FRAME`].
        count: u64,
    },
    /// The answer to a question.
    Heartbeat {
        /// Which.
        nonce: u64,
        /// The last record that exists; it has been sent.
        head: Position,
    },
}

/// Why a connection ends from the authority's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Ended {
    /// The guard has connected anew.
    #[error("the guard has connected anew")]
    Superseded,
    /// A frame had no place.
    #[error("a frame out of turn")]
    OutOfTurn,
    /// The guard says that it has applied what was not sent to it.
    #[error("the guard acknowledged records that were not sent to it")]
    NeverSent,
    /// The records that the guard needs are no longer kept; it comes back for a snapshot.
    #[error("the guard fell too far behind")]
    TooFarBehind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Stage {
    Greeting {
        opening: Opening,
        from: u64,
    },
    Loading,
    /// Everything up to this record has been sent.
    Following {
        sent: u64,
    },
}

/// One connection of a guard.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Conversation {
    guard: GuardKey,
    connection: u64,
    stage: Stage,
    /// The newest question without an answer, and when it was received. An older one could bring no longer lease.
    question: Option<(u64, BootTime)>,
}

impl Conversation {
    /// A guard has said hello, and how far it is.
    ///
    /// # Errors
    /// [`TooManyGuards`]
    pub fn open(registry: &mut Registry, guard: GuardKey, applied: &Positions) -> Result<Self, TooManyGuards> {
        let (connection, opening) = registry.connected(&guard, applied)?;
        let from = applied.seq_in_log_of(&registry.head()).unwrap_or(0);
        Ok(Self { guard, connection, stage: Stage::Greeting { opening, from }, question: None })
    }

    /// A frame of the guard has come; `received` was read after that.
    ///
    /// # Errors
    /// [`Ended`]
    pub fn heard(&mut self, registry: &mut Registry, frame: &Frame, received: BootTime) -> Result<(), Ended> {
        if !registry.is_current(&self.guard, self.connection) {
            return Err(Ended::Superseded);
        }
        match (frame, self.stage) {
            (Frame::Ack { applied }, Stage::Following { sent }) => {
                let seq = applied.seq_in_log_of(&registry.head()).ok_or(Ended::NeverSent)?;
                if seq > sent {
                    return Err(Ended::NeverSent);
                }
                registry.acknowledged(&self.guard, seq);
                Ok(())
            }
            (Frame::Renew { nonce }, Stage::Following { .. }) => {
                self.question = Some((*nonce, received));
                Ok(())
            }
            _ => Err(Ended::OutOfTurn),
        }
    }

    /// What to send next, if there is anything. The log and the guards must be those of this very moment.
    ///
    /// # Errors
    /// [`Ended`]
    pub fn next(&mut self, registry: &mut Registry, now: BootTime) -> Result<Option<Turn>, Ended> {
        if !registry.is_current(&self.guard, self.connection) {
            return Err(Ended::Superseded);
        }
        match self.stage {
            Stage::Greeting { opening, from } => {
                self.stage = match opening {
                    Opening::Resume => Stage::Following { sent: from },
                    Opening::Snapshot | Opening::Restored => Stage::Loading,
                };
                Ok(Some(Turn::Welcome(opening)))
            }
            Stage::Loading => Ok(Some(Turn::Snapshot)),
            Stage::Following { sent } => self.follow(sent, registry, now),
        }
    }

    fn follow(&mut self, sent: u64, registry: &mut Registry, now: BootTime) -> Result<Option<Turn>, Ended> {
        let head = registry.head();
        if sent < head.seq {
            if !registry.keeps_after(sent) {
                return Err(Ended::TooFarBehind);
            }
            let count = (head.seq - sent).min(MAX_RECORDS_PER_FRAME as u64);
            self.stage = Stage::Following { sent: sent + count };
            return Ok(Some(Turn::Delta { first: Position { seq: sent + 1, ..head }, count }));
        }
        // Every record is sent, and the lease is counted under the same lock under which records are appended: one that
        // comes later waits for this guard.
        let Some((nonce, received)) = self.question.take() else {
            return Ok(None);
        };
        Ok(registry.grant(&self.guard, received, now).then_some(Turn::Heartbeat { nonce, head }))
    }

    /// A snapshot has been sent that holds everything up to `position`.
    pub fn snapshot_sent(&mut self, position: Position) {
        self.stage = Stage::Following { sent: position.seq };
    }

    /// The connection has ended.
    pub fn closed(&self, registry: &mut Registry, now: BootTime) {
        registry.disconnected(&self.guard, self.connection, now);
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::History;
    use super::super::registry::{Progress, Timing};
    use super::*;
    use probity_verifier::revocation::Writer;
    use probity_verifier::revocation::wire::Instance;

    const TERM: u64 = 4;

    fn at(millis: u64) -> BootTime {
        BootTime::from_nanos(millis * 1_000_000)
    }

    const fn seq(seq: u64) -> Position {
        Position { writer: Writer([4; 8]), term: TERM, seq }
    }

    /// An authority that started long ago.
    fn registry() -> Registry {
        Registry::new(History::new(seq(0), vec![]), Timing::DEFAULT, at(0))
    }

    fn edge() -> GuardKey {
        GuardKey { name: "edge".into(), instance: Instance([1; 16]) }
    }

    fn open(registry: &mut Registry, applied: impl Into<Positions>) -> Conversation {
        Conversation::open(registry, edge(), &applied.into()).unwrap()
    }

    fn ack(seq: Position) -> Frame {
        Frame::Ack { applied: seq.into() }
    }

    /// A guard that has resumed at `from` and been sent everything.
    fn following(registry: &mut Registry, from: Position) -> Conversation {
        let mut conversation = open(registry, from);
        assert_eq!(conversation.next(registry, at(5_000)), Ok(Some(Turn::Welcome(Opening::Resume))));
        while conversation.next(registry, at(5_000)).unwrap().is_some() {}
        conversation
    }

    #[test]
    fn a_new_guard_gets_a_snapshot_and_then_what_came_after_it() {
        let mut registry = registry();
        registry.appended(700, 700, at(4_000));
        let mut conversation = open(&mut registry, Positions::NOWHERE);
        assert_eq!(conversation.next(&mut registry, at(5_000)), Ok(Some(Turn::Welcome(Opening::Snapshot))));
        assert_eq!(conversation.next(&mut registry, at(5_000)), Ok(Some(Turn::Snapshot)));
        conversation.snapshot_sent(seq(100));
        let delta = |first, count| Ok(Some(Turn::Delta { first: seq(first), count }));
        assert_eq!(conversation.next(&mut registry, at(5_000)), delta(101, 500));
        assert_eq!(conversation.next(&mut registry, at(5_000)), delta(601, 100));
        assert_eq!(conversation.next(&mut registry, at(5_000)), Ok(None));
    }

    #[test]
    fn no_heartbeat_is_given_for_a_head_that_moved_while_it_was_prepared() {
        let mut registry = registry();
        let mut conversation = following(&mut registry, seq(0));
        conversation.heard(&mut registry, &Frame::Renew { nonce: 1 }, at(5_000)).unwrap();
        // A record comes between the question and its answer, and nobody else holds a lease.
        registry.appended(1, 1, at(5_000));
        assert_eq!(registry.progress(seq(1), at(5_000)), Progress::Enforced { enforcing: 0 });
        let turn = conversation.next(&mut registry, at(5_000));
        assert_eq!(
            turn,
            Ok(Some(Turn::Delta { first: seq(1), count: 1 })),
            "the guard gets the record before its lease"
        );
        let turn = conversation.next(&mut registry, at(5_000));
        assert_eq!(turn, Ok(Some(Turn::Heartbeat { nonce: 1, head: seq(1) })));
        assert!(
            matches!(registry.progress(seq(1), at(5_000)), Progress::Waiting { .. }),
            "and is waited for from then on"
        );
    }

    #[test]
    fn a_lease_counts_from_when_the_question_was_received() {
        let mut registry = registry();
        let mut conversation = following(&mut registry, seq(0));
        conversation.heard(&mut registry, &Frame::Renew { nonce: 1 }, at(5_000)).unwrap();
        assert!(conversation.next(&mut registry, at(5_600)).unwrap().is_some());
        registry.appended(1, 1, at(5_700));
        assert_eq!(registry.progress(seq(1), at(5_700)), Progress::Waiting { until: at(7_100) });
        assert_eq!(registry.progress(seq(1), at(7_100)), Progress::Enforced { enforcing: 0 });
    }

    #[test]
    fn only_the_newest_question_is_answered_and_only_once() {
        let mut registry = registry();
        let mut conversation = following(&mut registry, seq(0));
        for nonce in [1, 2] {
            conversation.heard(&mut registry, &Frame::Renew { nonce }, at(5_000)).unwrap();
        }
        let turn = conversation.next(&mut registry, at(5_000));
        assert_eq!(turn, Ok(Some(Turn::Heartbeat { nonce: 2, head: seq(0) })));
        assert_eq!(conversation.next(&mut registry, at(5_000)), Ok(None));
    }

    #[test]
    fn what_an_older_connection_says_counts_for_nothing() {
        let mut registry = registry();
        registry.appended(2, 2, at(4_000));
        let mut old = following(&mut registry, seq(0));
        let mut new = following(&mut registry, seq(0));
        assert_eq!(old.heard(&mut registry, &ack(seq(2)), at(5_000)), Err(Ended::Superseded));
        assert_eq!(old.next(&mut registry, at(5_000)), Err(Ended::Superseded));
        old.closed(&mut registry, at(5_000));
        assert_eq!(
            new.heard(&mut registry, &ack(seq(2)), at(5_000)),
            Ok(()),
            "the end of the old is not that of the new"
        );
    }

    #[test]
    fn an_acknowledgement_of_what_was_never_sent_ends_the_connection() {
        let mut registry = registry();
        let mut conversation = following(&mut registry, seq(0));
        registry.appended(1, 1, at(5_000));
        assert_eq!(conversation.heard(&mut registry, &ack(seq(1)), at(5_000)), Err(Ended::NeverSent));
        let other_log = Position { writer: Writer([9; 8]), ..seq(0) };
        assert_eq!(conversation.heard(&mut registry, &ack(other_log), at(5_000)), Err(Ended::NeverSent));
    }

    #[test]
    fn a_guard_that_asks_before_it_has_loaded_the_snapshot_is_cut_off() {
        let mut registry = registry();
        let mut conversation = open(&mut registry, Positions::NOWHERE);
        conversation.next(&mut registry, at(5_000)).unwrap();
        assert_eq!(conversation.heard(&mut registry, &Frame::Renew { nonce: 1 }, at(5_000)), Err(Ended::OutOfTurn));
    }

    #[test]
    fn a_guard_further_behind_than_what_is_kept_gets_a_snapshot_or_comes_back_for_one() {
        let mut registry = registry();
        let mut slow = following(&mut registry, seq(0));
        registry.appended(9, 4, at(5_000));
        assert_eq!(slow.next(&mut registry, at(5_000)), Err(Ended::TooFarBehind));
        let mut back = open(&mut registry, seq(4));
        assert_eq!(back.next(&mut registry, at(5_000)), Ok(Some(Turn::Welcome(Opening::Snapshot))));
        let mut near = open(&mut registry, seq(5));
        assert_eq!(near.next(&mut registry, at(5_000)), Ok(Some(Turn::Welcome(Opening::Resume))));
    }

    #[test]
    fn a_guard_that_read_the_log_of_a_lost_life_never_resumes_in_this_one() {
        let mut registry = registry();
        registry.appended(20, 20, at(4_000));
        // The store was restored, and this start got the number of one whose log went as far.
        let lost = Position { writer: Writer([9; 8]), ..seq(10) };
        let mut conversation = open(&mut registry, lost);
        assert_eq!(conversation.next(&mut registry, at(5_000)), Ok(Some(Turn::Welcome(Opening::Restored))));
        assert_eq!(registry.lost(), Some(lost));
    }
}
