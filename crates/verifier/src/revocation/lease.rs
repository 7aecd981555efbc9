//! Until when a replica may be trusted.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::BootTime;

/// The moment up to which the replica beside it is known to be current. Starts in the past: a guard that has just
/// started trusts nothing.
///
/// Read at each decision and never cached: after SIGSTOP or suspend a worker may run before any timer does.
#[derive(Debug, Default)]
pub struct Lease {
    until: AtomicU64,
}

impl Lease {
    /// Whether the replica may be trusted at `now`.
    pub fn holds(&self, now: BootTime) -> bool {
        now < self.until()
    }

    /// The moment at which trust ends.
    pub fn until(&self) -> BootTime {
        BootTime::from_nanos(self.until.load(Ordering::Acquire))
    }

    /// Trust ends at `until`, or later if that was promised before.
    pub(super) fn extend(&self, until: BootTime) {
        // Release: a decision that sees the longer lease also sees every record applied before it was granted.
        self.until.fetch_max(until.as_nanos(), Ordering::Release);
    }

    /// Trust ends now.
    pub(super) fn end(&self) {
        self.until.store(0, Ordering::Release);
    }
}
