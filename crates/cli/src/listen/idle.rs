//! Whether a client still asks for anything on its connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The requests of one connection.
#[derive(Debug, Default)]
pub(super) struct Requests {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A request that has not been answered; dropping it says that it is over.
pub(super) struct InFlight(Arc<Requests>);

impl Requests {
    /// A request has come.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.begun.fetch_add(1, Ordering::AcqRel);
        InFlight(Arc::clone(self))
    }

    /// Completes when no request has come and none has been in flight for `patience`, at the latest twice as long after the
    /// last one.
    pub(super) async fn cease(&self, patience: Duration) {
        loop {
            let begun = self.begun.load(Ordering::Acquire);
            let was_idle = self.ended.load(Ordering::Acquire) == begun;
            tokio::time::sleep(patience).await;
            if was_idle && self.begun.load(Ordering::Acquire) == begun {
                return;
            }
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::AcqRel);
    }
}
