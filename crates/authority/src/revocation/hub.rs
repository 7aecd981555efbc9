//! The revocation log in memory: every live record, who follows it, and who waits for it to be enforced.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use probity_verifier::clock::{BootTime, boot_now};
use probity_verifier::revocation::wire::{Frame, Instance};
use probity_verifier::revocation::{Position, Replica, Revocation};
use tokio::sync::watch;

use super::registry::{GuardState, HEARTBEAT, LEASE, Progress, Registry};

/// How many of the newest records are kept for guards that follow or come back; who is further behind gets a snapshot.
pub const MAX_KEPT_RECORDS: usize = 100_000;

/// What `enforced` means, with numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforcement {
    /// The revocation's place in the log.
    pub position: Position,
    /// Guards that enforce it and accept other tokens.
    pub guards_enforcing: u32,
    /// Names of guards that were waited for until their leases had run out: they refuse everything.
    pub guards_expired: Vec<String>,
    /// How long this took, from the moment the revocation was durable.
    pub elapsed: Duration,
}

/// A guard as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardStatus {
    /// The name of its credential.
    pub name: String,
    /// Which process of that name.
    pub instance: Instance,
    /// Whether its stream stands.
    pub connected: bool,
    /// Everything up to here is enforced there.
    pub applied: Position,
    /// How many records it has yet to acknowledge.
    pub lag: u64,
    /// For how long it may still accept tokens, by the authority's count; zero when it refuses everything.
    pub lease_left: Duration,
}

/// The one place in a running authority that knows every live revocation.
///
/// Cloning gives another handle to the same hub.
#[derive(Debug, Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    replica: Arc<Replica>,
    state: Mutex<State>,
    /// The last record; followers wait for it to change.
    head: watch::Sender<Position>,
    /// Counts what may have brought an enforcement closer; `enforce` waits for it to change.
    acknowledgements: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    registry: Registry,
    /// The newest records of this term, the last one at the registry's head.
    kept: VecDeque<Arc<Revocation>>,
}

/// What a guard that has said hello gets first.
#[derive(Debug)]
pub(super) enum Opening {
    /// It can go on from where it is.
    Resume { from: Position },
    /// It gets everything, current up to the position.
    Snapshot { position: Position, records: Vec<Revocation> },
}

/// The records after some position, or that they are no longer kept.
#[derive(Debug)]
pub(super) enum Tail {
    Records { first: Position, records: Vec<Arc<Revocation>> },
    UpToDate,
    TooFarBehind,
}

impl Hub {
    /// The hub of an authority that starts now: its issuer, the term of this start, and all live revocations.
    pub fn start(issuer: &str, term: u64, live: &[Revocation]) -> Self {
        let replica = Arc::new(Replica::new(issuer));
        live.iter().for_each(|revocation| replica.apply(revocation));
        let head = Position { term, seq: 0 };
        let state = State { registry: Registry::new(head, boot_now()), kept: VecDeque::new() };
        let shared = Shared {
            replica,
            state: Mutex::new(state),
            head: watch::Sender::new(head),
            acknowledgements: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Every live revocation, for the authority's own checks.
    pub fn replica(&self) -> &Arc<Replica> {
        &self.shared.replica
    }

    /// The last record of the log.
    pub fn head(&self) -> Position {
        *self.shared.head.borrow()
    }

    /// Records have become durable, in the order of their positions: they are enforced here and sent to every guard.
    ///
    /// Called by the store's writer, before it answers whoever revoked.
    pub fn publish(&self, records: &[(Position, Revocation)]) {
        let Some((head, _)) = records.last() else {
            return;
        };
        records.iter().for_each(|(_, revocation)| self.shared.replica.apply(revocation));
        {
            let mut state = self.state();
            state.kept.extend(records.iter().map(|(_, revocation)| Arc::new(revocation.clone())));
            let surplus = state.kept.len().saturating_sub(MAX_KEPT_RECORDS);
            state.kept.drain(..surplus);
            state.registry.appended(*head, boot_now());
        }
        self.shared.head.send_replace(*head);
    }

    /// Waits until every guard enforces everything up to `position` or refuses everything.
    ///
    /// This takes a round trip to the guards; with a guard that does not answer, it takes until the guard's lease has
    /// run out, at most [`LEASE`], the margin and [`super::registry::MAX_LAG`].
    pub async fn enforce(&self, position: Position) -> Enforcement {
        let start = boot_now();
        let mut changes = self.shared.acknowledgements.subscribe();
        let mut waited_for: Vec<String> = Vec::new();
        loop {
            changes.mark_unchanged();
            let now = boot_now();
            let progress = self.state().registry.progress(position, now);
            match progress {
                Progress::Enforced { enforcing } => {
                    let state = self.state();
                    let enforces = |name: &String| {
                        state.registry.guards().any(|(_, guard)| guard.name == *name && guard.applied >= position)
                    };
                    waited_for.retain(|name| !enforces(name));
                    return Enforcement {
                        position,
                        guards_enforcing: enforcing,
                        guards_expired: waited_for,
                        elapsed: now.since(start),
                    };
                }
                Progress::Waiting { guards, until } => {
                    for name in guards {
                        if !waited_for.contains(&name) {
                            waited_for.push(name);
                        }
                    }
                    // A timer may fire early or late; the loop asks the registry again either way.
                    let pause = until.since(now).max(Duration::from_millis(1));
                    let _ = tokio::time::timeout(pause, changes.changed()).await;
                }
            }
        }
    }

    /// Every guard that is connected or was until lately.
    pub fn guards(&self) -> Vec<GuardStatus> {
        let now = boot_now();
        let state = self.state();
        let head = state.registry.head();
        let status = |(instance, guard): (&Instance, &GuardState)| GuardStatus {
            name: guard.name.clone(),
            instance: *instance,
            connected: guard.connections > 0,
            applied: guard.applied,
            lag: if guard.applied.term == head.term { head.seq.saturating_sub(guard.applied.seq) } else { head.seq },
            lease_left: guard.lease_until.since(now),
        };
        state.registry.guards().map(status).collect()
    }

    pub(super) fn watch_head(&self) -> watch::Receiver<Position> {
        self.shared.head.subscribe()
    }

    pub(super) fn welcome(&self, resumed: bool) -> Frame {
        Frame::Welcome { term: self.head().term, heartbeat: HEARTBEAT, lease: LEASE, resumed }
    }

    /// A guard has connected and says how far it is.
    pub(super) fn connected(&self, instance: Instance, name: &str, applied: Position) -> Opening {
        let (head, resumes) = {
            let mut state = self.state();
            state.registry.connected(instance, name, applied, boot_now());
            let head = state.registry.head();
            let oldest = head.seq.saturating_sub(state.kept.len() as u64);
            (head, applied.term == head.term && (oldest..=head.seq).contains(&applied.seq))
        };
        self.acknowledgement_came();
        if resumes {
            Opening::Resume { from: applied }
        } else {
            // The position first, then the records: what is added in between is in both, which is harmless.
            Opening::Snapshot { position: head, records: self.shared.replica.records() }
        }
    }

    pub(super) fn disconnected(&self, instance: Instance) {
        self.state().registry.disconnected(instance, boot_now());
        self.acknowledgement_came();
    }

    pub(super) fn acknowledged(&self, instance: Instance, applied: Position) {
        self.state().registry.acknowledged(instance, applied, boot_now());
        self.acknowledgement_came();
    }

    /// Whether the guard gets a heartbeat.
    pub(super) fn renew(&self, instance: Instance, applied: Position, received: BootTime) -> bool {
        let granted = self.state().registry.renew(instance, applied, received);
        self.acknowledgement_came();
        granted
    }

    /// At most `limit` records after `position`.
    pub(super) fn tail(&self, position: Position, limit: usize) -> Tail {
        let state = self.state();
        let head = state.registry.head();
        let Ok(behind) = usize::try_from(head.seq.saturating_sub(position.seq)) else {
            return Tail::TooFarBehind;
        };
        if behind == 0 {
            return Tail::UpToDate;
        }
        let Some(start) = state.kept.len().checked_sub(behind) else {
            return Tail::TooFarBehind;
        };
        let records = state.kept.iter().skip(start).take(limit).cloned().collect();
        Tail::Records { first: Position { term: head.term, seq: position.seq + 1 }, records }
    }

    fn acknowledgement_came(&self) {
        self.shared.acknowledgements.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
