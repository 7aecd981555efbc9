//! Watches over what was admitted once and goes on: a body that is still coming, a WebSocket.

use std::sync::Arc;

use probity_verifier::{AccessToken, Freshness, Judged, Rejection};

use crate::forward_auth::Guard;
use crate::rule::Staleness;

/// A token on which something that lasts depends.
#[derive(Debug)]
pub(super) struct Vigil {
    guard: Arc<Guard>,
    token: AccessToken,
    stale: Staleness,
    /// Whether it must end when the token expires. An answer of known length ends by itself.
    ends_at_expiry: bool,
}

impl Vigil {
    pub(super) const fn new(guard: Arc<Guard>, token: AccessToken, stale: Staleness) -> Self {
        Self { guard, token, stale, ends_at_expiry: true }
    }

    /// The same, but the token's expiry is no reason to end.
    pub(super) fn past_expiry(self) -> Self {
        Self { ends_at_expiry: false, ..self }
    }

    /// Whether it may go on at this moment. Nothing waits, and the clocks are read: this is asked before each piece that
    /// is passed on, so that nothing goes on by the time before when the process was stopped.
    ///
    /// # Errors
    /// Why it must end. While the guard is stale, `stale = "introspect"` ends it too: a stream does not ask for each piece.
    pub(super) fn check(&self) -> Result<(), Rejection> {
        match self.guard.trust().judge_again(&self.token) {
            Ok(Judged { freshness: Freshness::Current, .. }) => Ok(()),
            Ok(Judged { freshness: Freshness::Stale(stale_for), .. }) => match (self.stale, stale_for) {
                (Staleness::Open(most), Some(stale_for)) if stale_for <= most => Ok(()),
                _ => Err(Rejection::Stale),
            },
            Err(rejection) if !self.ends_at_expiry && rejection.code() == EXPIRED => Ok(()),
            Err(rejection) => Err(rejection),
        }
    }

    /// Completes when it must end.
    pub(super) async fn ended(self: Arc<Self>) -> Rejection {
        let mut changes = self.guard.trust().changes();
        loop {
            if let Err(rejection) = self.check() {
                return rejection;
            }
            changes.next(&self.token).await;
        }
    }
}

/// The code of a token whose time is over.
const EXPIRED: &str = "jwt.expired";
