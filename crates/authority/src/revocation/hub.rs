//! The revocation log in memory: every live record, who follows it, and who waits for it to be enforced.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use probity_jose::UnixTime;
use probity_verifier::clock::{BootTime, boot_now};
use probity_verifier::revocation::wire::{Frame, Instance};
use probity_verifier::revocation::{Position, Positions, Replica, Revocation, TokenFacts};
use tokio::sync::watch;
use tracing::error;

use super::conversation::{Conversation, Ended, Turn};
use super::history::History;
use super::registry::{GuardKey, GuardState, Progress, Registry, Timing, TooManyGuards};
use super::snapshot::{MAX_AGE_RECORDS, Snapshot};

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
    /// Everything up to here is enforced there; nothing while it has loaded no snapshot.
    pub applied: Option<Position>,
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
    timing: Timing,
    state: Mutex<State>,
    /// The last record; connections wait for it to change.
    head: watch::Sender<Position>,
    /// Counts what may have brought an enforcement closer; `enforce` waits for it to change.
    acknowledgements: watch::Sender<u64>,
    /// The newest snapshot. Locked while one is made, so that many guards that start together share it.
    snapshot: tokio::sync::Mutex<Option<Arc<Snapshot>>>,
}

#[derive(Debug)]
struct State {
    registry: Registry,
    /// The newest records, the last one at the registry's head.
    kept: VecDeque<Arc<Revocation>>,
}

impl Hub {
    /// The hub of an authority that starts now: its issuer, what it knows of its past, and all live revocations but those
    /// that lapsed at or before `horizon`.
    pub fn start(issuer: &str, history: History, live: &[Revocation], horizon: UnixTime, timing: Timing) -> Self {
        let replica = Arc::new(Replica::new(issuer));
        live.iter().for_each(|revocation| replica.apply(revocation));
        replica.complete(horizon);
        let head = history.log();
        let state = State { registry: Registry::new(history, timing, boot_now()), kept: VecDeque::new() };
        let shared = Shared {
            replica,
            timing,
            state: Mutex::new(state),
            head: watch::Sender::new(head),
            acknowledgements: watch::Sender::new(0),
            snapshot: tokio::sync::Mutex::default(),
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

    /// A place that some guard had read and this authority's store has lost, when that has come to light: the store was
    /// restored from an old backup.
    pub fn lost(&self) -> Option<Position> {
        self.state().registry.lost()
    }

    /// A look into the store that was begun at `asked` has shown that no other authority has taken it over.
    pub fn tenured(&self, asked: BootTime) {
        self.state().registry.tenured(asked);
    }

    /// Gives no more leases. To be called before the store is let go.
    pub fn retire(&self) {
        self.state().registry.retire();
    }

    /// Records have become durable, in the order of their positions: they are enforced here and sent to every guard.
    ///
    /// Called by the store's writer, before it answers whoever revoked.
    pub fn publish(&self, records: &[(Position, Revocation)]) {
        if records.is_empty() {
            return;
        }
        records.iter().for_each(|(_, revocation)| self.shared.replica.apply(revocation));
        let head = {
            let mut state = self.state();
            state.kept.extend(records.iter().map(|(_, revocation)| Arc::new(revocation.clone())));
            let surplus = state.kept.len().saturating_sub(MAX_KEPT_RECORDS);
            state.kept.drain(..surplus);
            let kept = state.kept.len() as u64;
            state.registry.appended(records.len() as u64, kept, boot_now());
            state.registry.head()
        };
        debug_assert_eq!(records.last().map(|(position, _)| *position), Some(head), "the log has no gaps");
        self.shared.head.send_replace(head);
    }

    /// Waits until every guard enforces everything up to `position` or refuses everything.
    ///
    /// This takes a round trip to the guards; with a guard that does not answer, it takes until the guard's lease has
    /// run out, at most the [`Timing`]'s lease, margin and greatest lag.
    pub async fn enforce(&self, position: Position) -> Enforcement {
        let start = boot_now();
        let mut changes = self.shared.acknowledgements.subscribe();
        let mut waits_for: Option<GuardKey> = None;
        loop {
            changes.mark_unchanged();
            let now = boot_now();
            let until = {
                let registry = &self.state().registry;
                let held_up = waits_for.as_ref().and_then(|guard| registry.held_up_by(guard, position, now));
                match held_up.map_or_else(|| registry.progress(position, now), |until| Progress::Waiting { until }) {
                    Progress::Enforced { enforcing } => {
                        let stragglers = registry.stragglers(position, start);
                        return Enforcement {
                            position,
                            guards_enforcing: enforcing,
                            guards_expired: stragglers.map(|guard| guard.name.to_string()).collect(),
                            elapsed: now.since(start),
                        };
                    }
                    Progress::Waiting { until } => {
                        if held_up.is_none() {
                            waits_for = registry.one_that_holds_up(position, now).cloned();
                        }
                        until
                    }
                }
            };
            // A timer may fire early or late; the loop asks the registry again either way.
            let pause = until.since(now).max(Duration::from_millis(1));
            let _ = tokio::time::timeout(pause, changes.changed()).await;
        }
    }

    /// Every guard that is connected or was until lately.
    pub fn guards(&self) -> Vec<GuardStatus> {
        let now = boot_now();
        let state = self.state();
        let head = state.registry.head();
        let status = |(key, guard): (&GuardKey, &GuardState)| GuardStatus {
            name: key.name.to_string(),
            instance: key.instance,
            connected: guard.is_connected(),
            applied: guard.applied.map(|seq| Position { seq, ..head }),
            lag: head.seq.saturating_sub(guard.applied.unwrap_or(0)),
            lease_left: guard.lease_until.since(now),
        };
        state.registry.guards().map(status).collect()
    }

    /// Every guard, and whether it may still accept a token by the authority's count: it holds a lease, and has not
    /// acknowledged the first of the records that kill the token. Without such a record, only the lease counts.
    pub fn guards_accepting(&self, token: &TokenFacts<'_>) -> Vec<(GuardStatus, bool)> {
        let revoked = !self.shared.replica.levels(token).is_empty();
        let (kept, head) = {
            let state = self.state();
            (state.kept.clone(), state.registry.head())
        };
        let home = self.shared.replica.issuer();
        let first_kept = (head.seq + 1).saturating_sub(kept.len() as u64);
        let found = (first_kept..).zip(&kept).find(|(_, record)| record.concerns(token, home));
        // A record that is no longer kept was before those that are.
        let needed = found.map_or(first_kept.saturating_sub(1), |(seq, _)| seq);
        let status = |guard: GuardStatus| {
            let acknowledged = guard.applied.is_some_and(|applied| applied.seq >= needed);
            let refuses = guard.lease_left.is_zero() || (revoked && acknowledged);
            (guard, !refuses)
        };
        self.guards().into_iter().map(status).collect()
    }

    pub(super) fn watch_head(&self) -> watch::Receiver<Position> {
        self.shared.head.subscribe()
    }

    /// A guard has connected and says how far it is.
    pub(super) fn open(&self, guard: &GuardKey, applied: &Positions) -> Result<Conversation, TooManyGuards> {
        let (conversation, lost) = {
            let registry = &mut self.state().registry;
            let before = registry.lost();
            let conversation = Conversation::open(registry, guard.clone(), applied)?;
            (conversation, registry.lost().filter(|lost| Some(*lost) != before))
        };
        if let Some(lost) = lost {
            error!(
                guard = &*guard.name, position = %lost,
                "ALARM: a guard has read revocations that this store does not have: it was restored from an old backup, and \
                 what was revoked since that backup must be revoked again"
            );
        }
        self.shared.acknowledgements.send_modify(|count| *count = count.wrapping_add(1));
        Ok(conversation)
    }

    pub(super) fn close(&self, conversation: &Conversation) {
        conversation.closed(&mut self.state().registry, boot_now());
    }

    pub(super) fn heard(
        &self,
        conversation: &mut Conversation,
        frame: &Frame,
        received: BootTime,
    ) -> Result<(), Ended> {
        conversation.heard(&mut self.state().registry, frame, received)?;
        if matches!(frame, Frame::Ack { .. }) {
            self.shared.acknowledgements.send_modify(|count| *count = count.wrapping_add(1));
        }
        Ok(())
    }

    /// Appends the frame of the conversation's next turn; a snapshot's turn is left to the caller.
    pub(super) fn next(&self, conversation: &mut Conversation, out: &mut Vec<u8>) -> Result<Option<Turn>, Ended> {
        let mut state = self.state();
        let turn = conversation.next(&mut state.registry, boot_now())?;
        let frame = match turn {
            None | Some(Turn::Snapshot) => return Ok(turn),
            Some(Turn::Welcome(opening)) => {
                let Timing { heartbeat, lease, .. } = self.shared.timing;
                Frame::Welcome { heartbeat, lease, opening }
            }
            Some(Turn::Delta { first, count }) => {
                let Some(records) = state.records(first, count) else {
                    return Err(Ended::TooFarBehind);
                };
                Frame::Delta { first, records }
            }
            Some(Turn::Heartbeat { nonce, head }) => Frame::Heartbeat { nonce, head: head.into() },
        };
        drop(state);
        frame.encode(out);
        Ok(turn)
    }

    /// A snapshot from which the log can be followed.
    pub(super) async fn snapshot(&self) -> Arc<Snapshot> {
        let mut newest = self.shared.snapshot.lock().await;
        // The position first, then the records: what is added in between is in both, which is harmless.
        let head = self.head();
        if let Some(snapshot) = &*newest
            && head.seq - snapshot.position.seq <= MAX_AGE_RECORDS
        {
            return Arc::clone(snapshot);
        }
        let replica = Arc::clone(&self.shared.replica);
        let made = tokio::task::spawn_blocking(move || Arc::new(Snapshot::of(&replica, head))).await;
        // A blocking task ends early only when the runtime does.
        let made = made.unwrap_or_else(|_| Arc::new(Snapshot::of(&self.shared.replica, head)));
        *newest = Some(Arc::clone(&made));
        made
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// So many records from `first` on, when they are still kept.
    fn records(&self, first: Position, count: u64) -> Option<Vec<Arc<Revocation>>> {
        let behind = (self.registry.head().seq + 1).checked_sub(first.seq)?;
        let start = self.kept.len().checked_sub(usize::try_from(behind).ok()?)?;
        Some(self.kept.iter().skip(start).take(usize::try_from(count).ok()?).cloned().collect())
    }
}
