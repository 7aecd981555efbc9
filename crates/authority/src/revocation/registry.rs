//! Which guards may be accepting tokens, and when a revocation is enforced by all of them. Pure: time is passed in.
//!
//! The authority counts each guard's lease from when it *received* the guard's question; the guard counts from when it
//! *sent* it, which was earlier. So when the authority's count has run out, the guard's has run out before it.

use std::collections::BTreeMap;
use std::time::Duration;

use probity_verifier::clock::BootTime;
use probity_verifier::revocation::Position;
use probity_verifier::revocation::wire::Instance;

/// For how long a heartbeat lets a guard trust its replica.
pub const LEASE: Duration = Duration::from_secs(2);

/// How often a guard asks for a heartbeat.
pub const HEARTBEAT: Duration = Duration::from_millis(250);

/// What the authority adds to its count of a lease: two clocks whose rates differ by less than 5 % stay on the safe side.
pub const LEASE_MARGIN: Duration = Duration::from_millis(100);

/// A guard that has not acknowledged anything for so long while records wait for it gets no heartbeat, so that its
/// lease runs out and nobody waits for it longer than that.
pub const MAX_LAG: Duration = Duration::from_secs(1);

/// How long a guard without connection and lease stays in the list that an administrator sees.
pub const REMEMBER: Duration = Duration::from_mins(10);

/// One guard process, as the authority knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardState {
    /// The name under which its credential is registered.
    pub name: String,
    /// How many connections it has: 0 or 1, and 2 for a moment while it reconnects.
    pub connections: u32,
    /// Everything up to here is enforced there.
    pub applied: Position,
    /// Until when it may accept tokens, by the authority's count.
    pub lease_until: BootTime,
    /// Since when records wait for its acknowledgement.
    waiting_since: Option<BootTime>,
}

/// How far a revocation is enforced at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Every guard enforces it or refuses everything.
    Enforced {
        /// Guards that have acknowledged it and hold a lease.
        enforcing: u32,
    },
    /// Some guard may still accept; look again when something changes, and at this moment at the latest.
    Waiting {
        /// The names of the guards that have not acknowledged it.
        guards: Vec<String>,
        /// When the first of their leases runs out.
        until: BootTime,
    },
}

/// The guards of one authority.
#[derive(Debug)]
pub struct Registry {
    head: Position,
    /// Leases that an earlier life of this authority gave may run until here.
    quiet_until: BootTime,
    guards: BTreeMap<Instance, GuardState>,
}

impl Registry {
    /// The registry of an authority that starts at `now` with an empty log of the position's term.
    pub fn new(head: Position, now: BootTime) -> Self {
        Self { head, quiet_until: now.plus(LEASE + LEASE_MARGIN), guards: BTreeMap::new() }
    }

    /// The last record of the log.
    pub const fn head(&self) -> Position {
        self.head
    }

    /// Records up to `head` have been appended to the log.
    pub fn appended(&mut self, head: Position, now: BootTime) {
        self.head = self.head.max(head);
        for guard in self.guards.values_mut() {
            guard.waiting_since.get_or_insert(now);
        }
    }

    /// A guard has connected; it says how far it is.
    pub fn connected(&mut self, instance: Instance, name: &str, applied: Position, now: BootTime) {
        let guard = self.guards.entry(instance).or_insert_with(|| GuardState {
            name: name.to_owned(),
            connections: 0,
            applied: Position::default(),
            lease_until: BootTime::default(),
            waiting_since: None,
        });
        guard.connections += 1;
        // A position of another term says nothing about this log.
        guard.applied = if applied.term == self.head.term { applied.min(self.head) } else { Position::default() };
        guard.waiting_since = (guard.applied < self.head).then_some(now);
    }

    /// A connection of a guard has ended; its lease runs on.
    pub fn disconnected(&mut self, instance: Instance, now: BootTime) {
        if let Some(guard) = self.guards.get_mut(&instance) {
            guard.connections = guard.connections.saturating_sub(1);
        }
        self.guards.retain(|_, guard| guard.connections > 0 || now < guard.lease_until.plus(REMEMBER));
    }

    /// A guard says how far it is.
    pub fn acknowledged(&mut self, instance: Instance, applied: Position, now: BootTime) {
        if let Some(guard) = self.guards.get_mut(&instance)
            && applied.term == self.head.term
            && applied > guard.applied
        {
            guard.applied = applied.min(self.head);
            guard.waiting_since = (guard.applied < self.head).then_some(now);
        }
    }

    /// A guard asks for a heartbeat. True when it gets one; from then on it counts as accepting for a whole lease.
    pub fn renew(&mut self, instance: Instance, applied: Position, now: BootTime) -> bool {
        self.acknowledged(instance, applied, now);
        let Some(guard) = self.guards.get_mut(&instance) else {
            return false;
        };
        if guard.waiting_since.is_some_and(|since| now.since(since) > MAX_LAG) {
            return false;
        }
        guard.lease_until = guard.lease_until.max(now.plus(LEASE + LEASE_MARGIN));
        true
    }

    /// Whether everything up to `position` is enforced at `now`.
    pub fn progress(&self, position: Position, now: BootTime) -> Progress {
        let mut waiting: Vec<String> = Vec::new();
        let mut until = None;
        let mut enforcing = 0;
        if now < self.quiet_until {
            until = Some(self.quiet_until);
        }
        for guard in self.guards.values().filter(|guard| now < guard.lease_until) {
            if guard.applied >= position {
                enforcing += 1;
            } else {
                waiting.push(guard.name.clone());
                until = Some(until.map_or(guard.lease_until, |soonest: BootTime| soonest.min(guard.lease_until)));
            }
        }
        match until {
            None => Progress::Enforced { enforcing },
            Some(until) => Progress::Waiting { guards: waiting, until },
        }
    }

    /// Every guard that is connected or was until lately.
    pub fn guards(&self) -> impl Iterator<Item = (&Instance, &GuardState)> {
        self.guards.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGE: Instance = Instance([1; 16]);
    const OTHER: Instance = Instance([2; 16]);
    const TERM: u64 = 4;

    fn at(millis: u64) -> BootTime {
        BootTime::from_nanos(millis * 1_000_000)
    }

    const fn seq(seq: u64) -> Position {
        Position { term: TERM, seq }
    }

    /// A registry whose quiet time is over at `at(2_100)`.
    fn registry() -> Registry {
        Registry::new(seq(0), at(0))
    }

    fn waits_for(progress: &Progress) -> Option<(&[String], BootTime)> {
        match progress {
            Progress::Waiting { guards, until } => Some((guards, *until)),
            Progress::Enforced { .. } => None,
        }
    }

    #[test]
    fn after_a_restart_nothing_is_enforced_until_old_leases_have_run_out() {
        let registry = registry();
        assert_eq!(waits_for(&registry.progress(seq(0), at(2_099))), Some((&[][..], at(2_100))));
        assert_eq!(registry.progress(seq(0), at(2_100)), Progress::Enforced { enforcing: 0 });
    }

    #[test]
    fn a_guard_with_a_lease_holds_up_the_answer_until_it_acknowledges() {
        let mut registry = registry();
        registry.connected(EDGE, "edge", seq(0), at(3_000));
        assert!(registry.renew(EDGE, seq(0), at(3_000)));
        registry.appended(seq(1), at(3_100));
        let progress = registry.progress(seq(1), at(3_100));
        assert_eq!(waits_for(&progress), Some((&["edge".to_owned()][..], at(5_100))));
        registry.acknowledged(EDGE, seq(1), at(3_101));
        assert_eq!(registry.progress(seq(1), at(3_101)), Progress::Enforced { enforcing: 1 });
    }

    #[test]
    fn a_guard_that_is_cut_off_holds_up_the_answer_until_its_lease_has_run_out() {
        let mut registry = registry();
        registry.connected(EDGE, "edge", seq(0), at(3_000));
        registry.renew(EDGE, seq(0), at(3_000));
        registry.disconnected(EDGE, at(3_010));
        registry.appended(seq(1), at(3_100));
        assert!(waits_for(&registry.progress(seq(1), at(5_099))).is_some());
        assert_eq!(registry.progress(seq(1), at(5_100)), Progress::Enforced { enforcing: 0 });
    }

    #[test]
    fn a_guard_that_connected_but_holds_no_lease_is_not_waited_for() {
        let mut registry = registry();
        registry.connected(EDGE, "edge", seq(0), at(3_000));
        registry.appended(seq(1), at(3_000));
        assert_eq!(registry.progress(seq(1), at(3_000)), Progress::Enforced { enforcing: 0 });
    }

    #[test]
    fn a_guard_that_never_acknowledges_loses_its_lease_although_it_keeps_asking() {
        let mut registry = registry();
        registry.connected(EDGE, "edge", seq(0), at(3_000));
        assert!(registry.renew(EDGE, seq(0), at(3_000)));
        registry.appended(seq(1), at(3_100));
        assert!(registry.renew(EDGE, seq(0), at(4_100)), "it may be on its way");
        assert!(!registry.renew(EDGE, seq(0), at(4_101)));
        assert_eq!(registry.progress(seq(1), at(6_200)), Progress::Enforced { enforcing: 0 });
    }

    #[test]
    fn a_slow_guard_that_makes_progress_keeps_its_lease() {
        let mut registry = registry();
        registry.connected(EDGE, "edge", seq(0), at(3_000));
        registry.appended(seq(9), at(3_000));
        registry.acknowledged(EDGE, seq(4), at(3_900));
        assert!(registry.renew(EDGE, seq(4), at(4_800)));
        assert!(!registry.renew(EDGE, seq(4), at(4_901)));
        assert!(registry.renew(EDGE, seq(9), at(4_902)), "and gets it back when it has caught up");
    }

    #[test]
    fn each_guard_is_waited_for_on_its_own() {
        let mut registry = registry();
        for (instance, name) in [(EDGE, "edge"), (OTHER, "other")] {
            registry.connected(instance, name, seq(0), at(3_000));
            registry.renew(instance, seq(0), at(3_000));
        }
        registry.appended(seq(2), at(3_100));
        registry.acknowledged(EDGE, seq(2), at(3_101));
        registry.acknowledged(OTHER, seq(1), at(3_101));
        assert_eq!(registry.progress(seq(1), at(3_101)), Progress::Enforced { enforcing: 2 });
        let progress = registry.progress(seq(2), at(3_101));
        assert_eq!(waits_for(&progress), Some((&["other".to_owned()][..], at(5_100))));
    }

    #[test]
    fn an_acknowledgement_of_another_term_or_of_the_future_counts_for_nothing_more() {
        let mut registry = registry();
        registry.connected(EDGE, "edge", Position { term: TERM + 1, seq: 99 }, at(3_000));
        registry.renew(EDGE, Position { term: TERM - 1, seq: 99 }, at(3_000));
        registry.appended(seq(1), at(3_001));
        assert!(waits_for(&registry.progress(seq(1), at(3_001))).is_some());
        registry.acknowledged(EDGE, seq(50), at(3_002));
        registry.appended(seq(2), at(3_003));
        assert!(waits_for(&registry.progress(seq(2), at(3_003))).is_some(), "seq 50 did not exist when it was claimed");
    }

    #[test]
    fn a_reconnection_does_not_forget_the_lease_that_was_given() {
        let mut registry = registry();
        registry.connected(EDGE, "edge", seq(0), at(3_000));
        registry.renew(EDGE, seq(0), at(3_000));
        registry.disconnected(EDGE, at(3_100));
        registry.appended(seq(1), at(3_150));
        registry.connected(EDGE, "edge", seq(0), at(3_200));
        assert!(waits_for(&registry.progress(seq(1), at(3_200))).is_some());
    }

    #[test]
    fn a_guard_that_is_gone_is_forgotten_in_the_end() {
        let mut registry = registry();
        registry.connected(EDGE, "edge", seq(0), at(3_000));
        registry.renew(EDGE, seq(0), at(3_000));
        registry.disconnected(EDGE, at(3_100));
        registry.connected(OTHER, "other", seq(0), at(3_100));
        registry.disconnected(OTHER, at(700_000));
        assert_eq!(registry.guards().count(), 0);
    }
}
