//! For whoever relies on a token for longer than one decision: a stream, a long download, a connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::access_token::AccessToken;
use crate::clock::{boot_now, unix_now};
use crate::revocation::Lease;
use crate::trust::Trust;
use crate::verify::{Freshness, Judged, Rejection};

/// The shortest wait between two looks at a token when no revocation has come: it is also how often a look is taken while
/// the replica is stale.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);

/// Says when a token that was accepted should be looked at again.
#[derive(Debug, Clone)]
pub struct Changes {
    revocations: watch::Receiver<u64>,
    lease: Arc<Lease>,
}

impl Changes {
    pub(crate) const fn new(revocations: watch::Receiver<u64>, lease: Arc<Lease>) -> Self {
        Self { revocations, lease }
    }

    /// Completes when revocations have come since the last call, or the lease that holds at this moment is over, or the
    /// token has expired: judge it again.
    pub async fn next(&mut self, token: &AccessToken) {
        let lease = self.lease.until().since(boot_now());
        let life = Duration::from_secs(token.times().end.since(unix_now()));
        let wait = tokio::time::sleep(lease.min(life).max(SHORTEST_WAIT));
        tokio::select! {
            // An error says that nothing will ever come.
            Ok(()) = self.revocations.changed() => {}
            () = wait => {}
        }
    }
}

impl Trust {
    /// What may make a token that was accepted unacceptable, from this moment on.
    pub fn changes(&self) -> Changes {
        let mut changes = self.watch();
        changes.revocations.mark_unchanged();
        changes
    }

    /// Judges a token again that was accepted before.
    ///
    /// # Errors
    /// [`Rejection`], but never [`Rejection::Stale`].
    pub fn judge_again(&self, token: &AccessToken) -> Result<Judged, Rejection> {
        self.judge_now(token.text())
    }

    /// Completes when a token that was accepted would be accepted no more, and says why: within milliseconds of its
    /// revocation, at its expiry, or when the replica is not current any more.
    ///
    /// A service that holds a connection for a caller ends it then.
    pub async fn until_rejected(&self, token: &AccessToken) -> Rejection {
        let mut changes = self.changes();
        loop {
            match self.judge_again(token) {
                Err(rejection) => return rejection,
                Ok(Judged { freshness: Freshness::Stale(_), .. }) => return Rejection::Stale,
                Ok(Judged { freshness: Freshness::Current, .. }) => changes.next(token).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revocation::{Action, Enforcer, Replica, Revocation, Target};
    use probity_jose::UnixTime;

    #[tokio::test]
    async fn whoever_waits_wakes_when_a_revocation_has_been_applied_and_not_before() {
        let replica = Arc::new(Replica::new("https://as.example"));
        let enforcer = Enforcer::new(Arc::clone(&replica), Arc::default());
        let mut changes = enforcer.changes();
        changes.mark_unchanged();
        enforcer.carry_out([Action::Extend(boot_now())], drop).unwrap();
        assert!(!changes.has_changed().unwrap(), "a lease that goes on wakes nobody");
        let waiting = tokio::spawn(async move { changes.changed().await.map(|()| replica.len()) });
        let token = Target::Token("jti".into());
        let record = Arc::new(Revocation::own(token, UnixTime::from_secs(2_000_000_000)));
        enforcer.carry_out([Action::Apply(record)], drop).unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), 1, "it is enforced before anyone is woken");
        let mut changes = enforcer.changes();
        changes.mark_unchanged();
        enforcer.carry_out([Action::EndLease], drop).unwrap();
        assert!(changes.has_changed().unwrap(), "trust has ended before its time");
    }
}
