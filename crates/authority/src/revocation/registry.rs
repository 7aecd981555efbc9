//! Which guards may be accepting tokens, and when a revocation is enforced by all of them. Pure: time is passed in.
//!
//! The authority counts each guard's lease from when it *received* the guard's question; the guard counts from when it
//! *sent* it, which was earlier. So when the authority's count has run out, the guard's has run out before it.
//!
//! The state is a plain value: the same [`Registry`] runs in an authority, in the model checker and in the simulation.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use probity_verifier::clock::BootTime;
use probity_verifier::revocation::wire::{Instance, Opening};
use probity_verifier::revocation::{Position, Positions};

use super::history::History;

/// The times of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timing {
    /// How often a guard asks for a heartbeat.
    pub heartbeat: Duration,
    /// For how long a heartbeat lets a guard trust its replica.
    pub lease: Duration,
    /// What the authority adds to its count of a lease: two clocks whose rates differ by less than `margin / lease` stay
    /// on the safe side.
    pub margin: Duration,
    /// A guard gets a heartbeat only when it has acknowledged everything that was in the log so long ago; otherwise its lease
    /// runs out, and nobody waits for it any longer.
    pub max_lag: Duration,
    /// For how long an authority may go on giving leases after it began to make sure that no other one has taken over its
    /// store; `None` when none can while it runs.
    pub tenure: Option<Duration>,
}

impl Timing {
    /// What guards and authorities use.
    pub const DEFAULT: Self = Self {
        heartbeat: Duration::from_millis(250),
        lease: Duration::from_secs(2),
        margin: Duration::from_millis(100),
        max_lag: Duration::from_secs(1),
        tenure: None,
    };

    /// For stores that another authority can take over.
    pub const SHARED: Self = Self { tenure: Some(Duration::from_secs(3)), ..Self::DEFAULT };

    /// From when a question was received until the lease that its answer gives has run out for sure.
    pub fn lease_at_most(&self) -> Duration {
        self.lease.saturating_add(self.margin)
    }
}

/// How long a guard without connection and lease stays in the list that an administrator sees.
pub const REMEMBER: Duration = Duration::from_mins(10);

/// The most guard processes that are known at a time. A further one is refused.
pub const MAX_GUARDS: usize = 10_000;

/// Records that were appended within this part of the greatest lag count as appended when the first of them was.
const MARKS_PER_LAG: u32 = 8;

/// One guard process: whose credential it has, and which process of that name it is.
///
/// The name comes from the credential, so that no guard can speak for another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuardKey {
    /// The name under which its credential is registered.
    pub name: Arc<str>,
    /// What it calls itself.
    pub instance: Instance,
}

/// What the authority knows of one guard process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GuardState {
    /// The number of the connection that stands.
    connection: Option<u64>,
    /// Everything up to here, in this authority's log, is enforced there; nothing while it has loaded no snapshot.
    pub applied: Option<u64>,
    /// Until when it may accept tokens, by the authority's count.
    pub lease_until: BootTime,
}

impl GuardState {
    /// Whether its stream stands.
    pub const fn is_connected(&self) -> bool {
        self.connection.is_some()
    }
}

/// How far a revocation is enforced at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Every guard enforces it or refuses everything.
    Enforced {
        /// Guards that have acknowledged it and hold a lease.
        enforcing: u32,
    },
    /// Some guard may still accept; look again when something changes, and at this moment at the latest.
    Waiting {
        /// When the first of their leases runs out.
        until: BootTime,
    },
}

/// A guard that can't be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are {MAX_GUARDS} guards already")]
pub struct TooManyGuards;

/// The guards of one authority.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Registry {
    timing: Timing,
    history: History,
    head: Position,
    /// Records up to this one are no longer kept for guards that come back.
    trimmed: u64,
    /// How far the log was at some moments, the oldest first.
    marks: VecDeque<(BootTime, u64)>,
    /// Leases that an earlier authority on this store gave may run until here.
    quiet_until: BootTime,
    guards: BTreeMap<GuardKey, GuardState>,
    connections: u64,
    lost: Option<Position>,
    /// From here on no leases are given; `None` for never.
    tenure_ends: Option<BootTime>,
}

impl Registry {
    /// The registry of an authority whose log has just been begun, at `now`.
    pub fn new(history: History, timing: Timing, now: BootTime) -> Self {
        Self {
            timing,
            head: history.log(),
            history,
            trimmed: 0,
            marks: VecDeque::new(),
            quiet_until: now.plus(timing.lease_at_most()).plus(timing.tenure.unwrap_or_default()),
            guards: BTreeMap::new(),
            connections: 0,
            lost: None,
            // Not `now`: another one may have come between the beginning of our log and this moment.
            tenure_ends: timing.tenure.map(|_| BootTime::default()),
        }
    }

    /// A look into the store that was begun at `asked` has shown that no other authority has taken it over.
    pub fn tenured(&mut self, asked: BootTime) {
        if let (Some(ends), Some(tenure)) = (&mut self.tenure_ends, self.timing.tenure) {
            *ends = asked.plus(tenure).max(*ends);
        }
    }

    /// No more leases: this authority ends, or another one has taken over its store.
    pub fn retire(&mut self) {
        self.timing.tenure = None;
        self.tenure_ends = Some(BootTime::default());
    }

    /// The last record of the log.
    pub const fn head(&self) -> Position {
        self.head
    }

    /// The times it goes by.
    pub const fn timing(&self) -> Timing {
        self.timing
    }

    /// A place that some guard had read and the store has lost, when that has come to light.
    pub const fn lost(&self) -> Option<Position> {
        self.lost
    }

    /// The log has grown by `count` records, and only the last `kept` of it are still at hand.
    pub fn appended(&mut self, count: u64, kept: u64, now: BootTime) {
        self.head = self.head.plus(count);
        self.trimmed = self.head.seq.saturating_sub(kept);
        self.drop_old_marks(now);
        match self.marks.back_mut() {
            Some((since, seq)) if now.since(*since) < self.timing.max_lag / MARKS_PER_LAG => *seq = self.head.seq,
            _ => self.marks.push_back((now, self.head.seq)),
        }
    }

    /// The last record that every guard must have acknowledged to get a heartbeat at `now`.
    fn due(&self, now: BootTime) -> u64 {
        let old = self.marks.iter().take_while(|(since, _)| now.since(*since) > self.timing.max_lag);
        old.last().map_or(0, |(_, seq)| *seq)
    }

    /// Keeps the newest mark that is due, and all that are not.
    fn drop_old_marks(&mut self, now: BootTime) {
        let due =
            |mark: Option<&(BootTime, u64)>| mark.is_some_and(|(since, _)| now.since(*since) > self.timing.max_lag);
        while due(self.marks.get(1)) {
            self.marks.pop_front();
        }
    }

    /// A guard has connected and says how far it is. What an older connection of it still says counts for nothing.
    ///
    /// # Errors
    /// [`TooManyGuards`]
    pub(super) fn connected(&mut self, key: &GuardKey, applied: &Positions) -> Result<(u64, Opening), TooManyGuards> {
        if self.guards.len() >= MAX_GUARDS && !self.guards.contains_key(key) {
            return Err(TooManyGuards);
        }
        self.connections += 1;
        let lost = self.history.lost(applied, self.head);
        self.lost = lost.or(self.lost);
        let seq = applied.seq_in_log_of(&self.head).filter(|_| lost.is_none());
        let guard = self.guards.entry(key.clone()).or_insert(GuardState {
            connection: None,
            applied: None,
            lease_until: BootTime::default(),
        });
        // Another place than it had is no reason to doubt the lease that it was given.
        guard.connection = Some(self.connections);
        guard.applied = seq;
        let opening = match seq {
            _ if lost.is_some() => Opening::Restored,
            Some(seq) if seq >= self.trimmed => Opening::Resume,
            _ => Opening::Snapshot,
        };
        Ok((self.connections, opening))
    }

    /// A connection of a guard has ended; its lease runs on.
    pub(super) fn disconnected(&mut self, key: &GuardKey, connection: u64, now: BootTime) {
        if let Some(guard) = self.guards.get_mut(key)
            && guard.connection == Some(connection)
        {
            guard.connection = None;
        }
        self.guards.retain(|_, guard| guard.is_connected() || now < guard.lease_until.plus(REMEMBER));
    }

    /// Whether this is the connection that counts.
    pub(super) fn is_current(&self, key: &GuardKey, connection: u64) -> bool {
        self.guards.get(key).is_some_and(|guard| guard.connection == Some(connection))
    }

    /// Records up to `seq` can be sent on from what is kept.
    pub(super) const fn keeps_after(&self, seq: u64) -> bool {
        seq >= self.trimmed
    }

    /// A guard has applied everything up to `seq`.
    pub(super) fn acknowledged(&mut self, key: &GuardKey, seq: u64) {
        if let Some(guard) = self.guards.get_mut(key) {
            guard.applied = guard.applied.max(Some(seq.min(self.head.seq)));
        }
    }

    /// A guard that has been sent everything up to the head asks for a heartbeat. True when it gets one; from then on it
    /// counts as accepting for a whole lease from when its question was received.
    ///
    /// The head must not have moved since: a record that comes later sees the lease, and waits for it.
    pub(super) fn grant(&mut self, key: &GuardKey, received: BootTime, now: BootTime) -> bool {
        if self.tenure_ends.is_some_and(|ends| now >= ends) {
            return false;
        }
        let due = self.due(now);
        let until = received.plus(self.timing.lease_at_most());
        match self.guards.get_mut(key) {
            Some(guard) if guard.applied.is_some_and(|applied| applied >= due) => {
                guard.lease_until = guard.lease_until.max(until);
                true
            }
            _ => false,
        }
    }

    /// Whether everything up to `position` is enforced at `now`.
    pub fn progress(&self, position: Position, now: BootTime) -> Progress {
        let seq = self.seq_of(position);
        let mut until = (now < self.quiet_until).then_some(self.quiet_until);
        let mut enforcing = 0;
        for guard in self.guards.values().filter(|guard| now < guard.lease_until) {
            if guard.applied >= Some(seq) {
                enforcing += 1;
            } else {
                until = Some(until.map_or(guard.lease_until, |soonest| soonest.min(guard.lease_until)));
            }
        }
        until.map_or(Progress::Enforced { enforcing }, |until| Progress::Waiting { until })
    }

    /// Until when a guard holds up everything up to `position`, if it does at `now`.
    pub fn held_up_by(&self, guard: &GuardKey, position: Position, now: BootTime) -> Option<BootTime> {
        let seq = Some(self.seq_of(position));
        self.guards
            .get(guard)
            .filter(|guard| now < guard.lease_until && guard.applied < seq)
            .map(|guard| guard.lease_until)
    }

    /// One of the guards that hold up everything up to `position` at `now`. While this one does, nobody else needs a look.
    ///
    /// Instances are random, and guards acknowledge in an order of their own. So of a thousand guards that answer one after
    /// the other, the one with the greatest instance is the last to be waited for after a handful of looks, not a thousand.
    pub fn one_that_holds_up(&self, position: Position, now: BootTime) -> Option<&GuardKey> {
        let seq = Some(self.seq_of(position));
        let holding = self.guards.iter().filter(|(_, guard)| now < guard.lease_until && guard.applied < seq);
        holding.map(|(key, _)| key).max_by_key(|key| key.instance)
    }

    /// The guards that held a lease after `since` and have not acknowledged everything up to `position`.
    pub fn stragglers(&self, position: Position, since: BootTime) -> impl Iterator<Item = &GuardKey> {
        let seq = Some(self.seq_of(position));
        self.guards
            .iter()
            .filter(move |(_, guard)| since < guard.lease_until && guard.applied < seq)
            .map(|(key, _)| key)
    }

    /// Where a record of an earlier log is in this one: before the first.
    fn seq_of(&self, position: Position) -> u64 {
        if position.is_in_log_of(&self.head) { position.seq } else { 0 }
    }

    /// Every guard that is connected or was until lately.
    pub fn guards(&self) -> impl Iterator<Item = (&GuardKey, &GuardState)> {
        self.guards.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_verifier::revocation::Writer;

    const TERM: u64 = 4;

    fn at(millis: u64) -> BootTime {
        BootTime::from_nanos(millis * 1_000_000)
    }

    const fn seq(seq: u64) -> Position {
        Position { writer: Writer([4; 8]), term: TERM, seq }
    }

    fn guard(name: &str) -> GuardKey {
        GuardKey { name: name.into(), instance: Instance([1; 16]) }
    }

    /// A registry whose quiet time is over at `at(2_100)`.
    fn registry() -> Registry {
        Registry::new(History::new(seq(0), vec![]), Timing::DEFAULT, at(0))
    }

    /// Connects a guard that has applied everything, with a lease from `at(3_000)` on.
    fn with_lease(registry: &mut Registry, name: &str) -> (GuardKey, u64) {
        let key = guard(name);
        let (connection, _) = registry.connected(&key, &registry.head().into()).unwrap();
        assert!(registry.grant(&key, at(3_000), at(3_000)));
        (key, connection)
    }

    fn append(registry: &mut Registry, millis: u64) {
        registry.appended(1, 100, at(millis));
    }

    #[test]
    fn after_a_restart_nothing_is_enforced_until_old_leases_have_run_out() {
        let registry = registry();
        assert_eq!(registry.progress(seq(0), at(2_099)), Progress::Waiting { until: at(2_100) });
        assert_eq!(registry.progress(seq(0), at(2_100)), Progress::Enforced { enforcing: 0 });
    }

    #[test]
    fn a_guard_with_a_lease_holds_up_the_answer_until_it_acknowledges() {
        let mut registry = registry();
        let (edge, _) = with_lease(&mut registry, "edge");
        append(&mut registry, 3_100);
        assert_eq!(registry.progress(seq(1), at(3_100)), Progress::Waiting { until: at(5_100) });
        registry.acknowledged(&edge, 1);
        assert_eq!(registry.progress(seq(1), at(3_101)), Progress::Enforced { enforcing: 1 });
    }

    #[test]
    fn a_guard_that_is_cut_off_holds_up_the_answer_until_its_lease_has_run_out() {
        let mut registry = registry();
        let (edge, connection) = with_lease(&mut registry, "edge");
        registry.disconnected(&edge, connection, at(3_010));
        append(&mut registry, 3_100);
        assert_eq!(registry.progress(seq(1), at(5_099)), Progress::Waiting { until: at(5_100) });
        assert_eq!(registry.progress(seq(1), at(5_100)), Progress::Enforced { enforcing: 0 });
        assert_eq!(registry.stragglers(seq(1), at(3_100)).collect::<Vec<_>>(), [&edge]);
    }

    #[test]
    fn while_one_guard_holds_up_the_answer_nobody_else_needs_a_look_and_afterwards_another_one_is_found() {
        let mut registry = registry();
        let (first, _) = with_lease(&mut registry, "first");
        let (second, _) = with_lease(&mut registry, "second");
        append(&mut registry, 3_100);
        let one = registry.one_that_holds_up(seq(1), at(3_100)).unwrap().clone();
        let other = if one == first { second } else { first };
        registry.acknowledged(&other, 1);
        assert_eq!(registry.held_up_by(&other, seq(1), at(3_101)), None);
        assert_eq!(registry.held_up_by(&one, seq(1), at(3_101)), Some(at(5_100)));
        assert_eq!(registry.one_that_holds_up(seq(1), at(3_101)), Some(&one));
        assert_eq!(registry.held_up_by(&one, seq(1), at(5_100)), None, "its lease has run out");
        registry.acknowledged(&one, 1);
        assert_eq!(registry.one_that_holds_up(seq(1), at(3_102)), None);
        assert_eq!(registry.progress(seq(1), at(3_102)), Progress::Enforced { enforcing: 2 });
    }

    #[test]
    fn a_guard_that_connected_but_holds_no_lease_is_not_waited_for() {
        let mut registry = registry();
        registry.connected(&guard("edge"), &Positions::NOWHERE).unwrap();
        append(&mut registry, 3_000);
        assert_eq!(registry.progress(seq(1), at(3_000)), Progress::Enforced { enforcing: 0 });
    }

    #[test]
    fn a_guard_that_has_loaded_nothing_enforces_nothing_not_even_what_is_before_the_log() {
        let mut registry = registry();
        let (edge, _) = with_lease(&mut registry, "edge");
        // Its clock stepped, and it has to load everything anew.
        registry.connected(&edge, &Positions::NOWHERE).unwrap();
        assert_eq!(registry.progress(seq(0), at(3_001)), Progress::Waiting { until: at(5_100) });
        let earlier = Position { writer: Writer([3; 8]), term: TERM - 1, seq: 77 };
        assert_eq!(registry.progress(earlier, at(3_001)), Progress::Waiting { until: at(5_100) });
        registry.acknowledged(&edge, 0);
        assert_eq!(registry.progress(earlier, at(3_001)), Progress::Enforced { enforcing: 1 });
    }

    #[test]
    fn a_guard_that_never_acknowledges_loses_its_lease_although_it_keeps_asking() {
        let mut registry = registry();
        let (edge, _) = with_lease(&mut registry, "edge");
        append(&mut registry, 3_100);
        assert!(registry.grant(&edge, at(4_100), at(4_100)), "it may be on its way");
        assert!(!registry.grant(&edge, at(4_101), at(4_101)));
        // Connecting anew helps it as little.
        registry.connected(&edge, &seq(0).into()).unwrap();
        assert!(!registry.grant(&edge, at(4_102), at(4_102)));
        assert_eq!(registry.progress(seq(1), at(6_200)), Progress::Enforced { enforcing: 0 });
        registry.acknowledged(&edge, 1);
        assert!(registry.grant(&edge, at(6_201), at(6_201)), "it gets one when it has caught up");
    }

    #[test]
    fn a_guard_that_acknowledges_record_after_record_too_slowly_loses_its_lease_too() {
        let mut registry = registry();
        let (edge, _) = with_lease(&mut registry, "edge");
        for record in 1..=100 {
            append(&mut registry, 3_000 + record * 20);
        }
        registry.acknowledged(&edge, 10);
        assert!(registry.grant(&edge, at(4_100), at(4_100)));
        registry.acknowledged(&edge, 20);
        assert!(!registry.grant(&edge, at(4_900), at(4_900)), "record 21 has waited for more than a second");
        registry.acknowledged(&edge, 90);
        assert!(registry.grant(&edge, at(4_900), at(4_900)));
    }

    #[test]
    fn each_guard_is_waited_for_on_its_own() {
        let mut registry = registry();
        let (edge, _) = with_lease(&mut registry, "edge");
        let (other, _) = with_lease(&mut registry, "other");
        append(&mut registry, 3_100);
        append(&mut registry, 3_100);
        registry.acknowledged(&edge, 2);
        registry.acknowledged(&other, 1);
        assert_eq!(registry.progress(seq(1), at(3_101)), Progress::Enforced { enforcing: 2 });
        assert_eq!(registry.progress(seq(2), at(3_101)), Progress::Waiting { until: at(5_100) });
        assert_eq!(registry.stragglers(seq(2), at(3_100)).collect::<Vec<_>>(), [&other]);
    }

    #[test]
    fn a_guard_can_not_speak_for_one_with_another_credential() {
        let mut registry = registry();
        with_lease(&mut registry, "edge");
        append(&mut registry, 3_100);
        // The same instance number under another name.
        let (thief, _) = registry.connected(&guard("thief"), &seq(1).into()).map(|got| (guard("thief"), got)).unwrap();
        registry.acknowledged(&thief, 1);
        assert_eq!(registry.progress(seq(1), at(3_101)), Progress::Waiting { until: at(5_100) });
    }

    #[test]
    fn a_reconnection_does_not_forget_the_lease_that_was_given() {
        let mut registry = registry();
        let (edge, connection) = with_lease(&mut registry, "edge");
        registry.disconnected(&edge, connection, at(3_100));
        append(&mut registry, 3_150);
        registry.connected(&edge, &seq(0).into()).unwrap();
        assert_eq!(registry.progress(seq(1), at(3_200)), Progress::Waiting { until: at(5_100) });
    }

    #[test]
    fn a_guard_that_is_gone_is_forgotten_in_the_end() {
        let mut registry = registry();
        let (edge, connection) = with_lease(&mut registry, "edge");
        registry.disconnected(&edge, connection, at(3_100));
        assert_eq!(registry.guards().count(), 1);
        let (other, _) = registry.connected(&guard("other"), &Positions::NOWHERE).unwrap();
        registry.disconnected(&guard("other"), other, at(700_000));
        assert_eq!(registry.guards().count(), 0);
    }

    #[test]
    fn an_authority_that_may_have_been_taken_over_gives_no_leases() {
        let mut registry = Registry::new(History::new(seq(0), vec![]), Timing::SHARED, at(0));
        let edge = guard("edge");
        registry.connected(&edge, &seq(0).into()).unwrap();
        assert!(!registry.grant(&edge, at(0), at(0)), "another one may have started since");
        registry.tenured(at(0));
        assert!(registry.grant(&edge, at(2_999), at(2_999)));
        assert!(!registry.grant(&edge, at(3_000), at(3_000)), "nobody has looked into the store for 3 s");
        registry.tenured(at(2_500));
        assert!(registry.grant(&edge, at(5_499), at(5_499)));
        assert!(!registry.grant(&edge, at(5_499), at(5_500)), "what counts is when the lease is given");
        // Its successor waits for the last lease that it can have given.
        let successor = Registry::new(History::new(seq(0), vec![]), Timing::SHARED, at(0));
        assert_eq!(successor.progress(seq(0), at(5_099)), Progress::Waiting { until: at(5_100) });
        registry.retire();
        registry.tenured(at(5_500));
        assert!(!registry.grant(&edge, at(5_501), at(5_501)), "and one that has ended begins no more");
    }

    #[test]
    fn one_guard_too_many_is_refused() {
        let mut registry = registry();
        for number in 0..MAX_GUARDS {
            registry.connected(&guard(&number.to_string()), &Positions::NOWHERE).unwrap();
        }
        assert_eq!(registry.connected(&guard("more"), &Positions::NOWHERE), Err(TooManyGuards));
        assert!(registry.connected(&guard("7"), &Positions::NOWHERE).is_ok(), "one that is known may come back");
    }

    #[test]
    fn marks_of_the_log_stay_few_however_much_is_appended() {
        let mut registry = registry();
        for record in 0..10_000 {
            append(&mut registry, 3_000 + record);
        }
        assert!(registry.marks.len() <= 10, "{}", registry.marks.len());
        assert!(registry.due(at(13_000)) >= 8_800, "{}", registry.due(at(13_000)));
    }
}
