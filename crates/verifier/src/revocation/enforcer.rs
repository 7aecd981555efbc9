//! Carries out what a [`Follower`](super::Follower) decides, on the replica and the lease that decisions are made by.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tracing::error;

use super::follower::{Action, ProtocolError, Report};
use super::lease::Lease;
use super::position::Positions;
use super::replica::Replica;
use super::wire::Frame;

/// A replica and the lease beside it.
#[derive(Debug, Clone)]
pub struct Enforcer {
    replica: Arc<Replica>,
    lease: Arc<Lease>,
    /// What was acknowledged last.
    applied: Arc<ArcSwap<Positions>>,
    /// How often something was said that can make a token unacceptable.
    changes: watch::Sender<u64>,
}

impl Enforcer {
    /// Enforces on these two. Nobody else may change them.
    pub fn new(replica: Arc<Replica>, lease: Arc<Lease>) -> Self {
        Self { replica, lease, applied: Arc::default(), changes: watch::Sender::default() }
    }

    /// How far the replica was when that was acknowledged last: for people, not for decisions.
    pub fn applied(&self) -> Arc<Positions> {
        self.applied.load_full()
    }

    /// Changes after revocations have been applied, and when the lease was ended before its time.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The replica.
    pub const fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }

    /// The lease.
    pub const fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }

    /// Carries out actions in their order, so that what an acknowledgement says is true before `send` is given it.
    ///
    /// # Errors
    /// [`ProtocolError`]: close the connection.
    pub fn carry_out(
        &self,
        actions: impl IntoIterator<Item = Action>,
        send: impl FnMut(Frame),
    ) -> Result<(), ProtocolError> {
        let mut changed = false;
        let carried_out = self.carry_out_all(actions, send, &mut changed);
        // Once for all of them: whoever is woken looks at everything.
        if changed {
            self.changes.send_modify(|times| *times = times.wrapping_add(1));
        }
        carried_out
    }

    fn carry_out_all(
        &self,
        actions: impl IntoIterator<Item = Action>,
        mut send: impl FnMut(Frame),
        changed: &mut bool,
    ) -> Result<(), ProtocolError> {
        for action in actions {
            *changed |= matches!(action, Action::Apply(_) | Action::Forget(_) | Action::EndLease);
            match action {
                Action::Send(frame) => {
                    if let Frame::Ack { applied } = &frame {
                        self.applied.store(Arc::new(applied.clone()));
                    }
                    send(frame);
                }
                Action::Apply(record) => self.replica.apply(&record),
                Action::Complete(horizon) => self.replica.complete(horizon),
                Action::Forget(horizon) => self.replica.forget(horizon),
                Action::Extend(until) => self.lease.extend(until),
                Action::EndLease => self.lease.end(),
                Action::Report(Report::AuthorityRestored { had }) => error!(
                    had = %had,
                    "the authority has lost revocations that this guard keeps: was its store restored from a backup?"
                ),
                Action::HangUp(error) => return Err(error),
            }
        }
        Ok(())
    }
}
