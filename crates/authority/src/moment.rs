//! The moment at which a token is issued: strictly after every watermark that concerns it.
//!
//! Times in tokens have whole seconds, so a token issued in the second of a revocation could not be told from one issued
//! before it. The authority therefore issues nothing in that second for whoever it concerns: it waits for the next one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;
use tokio::sync::watch;
use tracing::error;

use crate::authority::State;

/// A watermark further ahead than this is no revocation of this moment: a clock was wrong.
const MAX_WAIT_SECONDS: u64 = 2;

/// How long to wait before looking at the clock again.
const PAUSE: Duration = Duration::from_millis(20);

/// The wall clock, except that it never goes back while the process runs: a token must not look older than a revocation
/// that came before it, nor younger than one that came after it.
///
/// It also knows of the commits that stamp watermarks: between the stamp and the moment at which everybody can see it lies the
/// disk, and a token that was issued in between could be dated after a watermark that nobody has heard of.
#[derive(Debug, Default)]
pub(crate) struct TokenClock {
    latest: AtomicU64,
    /// How many commits with watermarks have begun.
    begun: AtomicU64,
    /// How many of them are published or have failed. There is one writer, so they end in their order.
    ended: watch::Sender<u64>,
}

/// A commit that stamps watermarks; to be dropped when they are published.
pub(crate) struct Stamping<'a>(&'a TokenClock);

/// The clock was set back, or a watermark lies in the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clock is behind a revocation by more than {MAX_WAIT_SECONDS} s")]
pub(crate) struct ClockBehind;

impl TokenClock {
    /// The time.
    pub(crate) fn now(&self) -> UnixTime {
        self.at(unix_now())
    }

    fn at(&self, wall: UnixTime) -> UnixTime {
        let before = self.latest.fetch_max(wall.as_secs(), Ordering::AcqRel);
        wall.max(UnixTime::from_secs(before))
    }

    /// A commit with watermarks begins.
    pub(crate) fn stamping(&self) -> Stamping<'_> {
        self.begun.fetch_add(1, Ordering::AcqRel);
        Stamping(self)
    }

    /// The time, once every watermark that was stamped before it can be seen; one that is stamped later is not earlier.
    async fn settled(&self) -> UnixTime {
        // In this order: a commit that is not counted here reads the clock after this, so that it can't stamp less.
        let now = self.now();
        let begun = self.begun.load(Ordering::Acquire);
        // The sender is ours, so the channel is open.
        let _ = self.ended.subscribe().wait_for(|ended| *ended >= begun).await;
        now
    }
}

impl Drop for Stamping<'_> {
    fn drop(&mut self) {
        self.0.ended.send_modify(|ended| *ended += 1);
    }
}

impl State {
    /// The `iat` of a token for this subject and client, now or in the next second.
    ///
    /// Ask for it before the read or write that allows the token: a revocation that is written later is then not earlier.
    pub(crate) async fn moment(&self, subject: &str, client: &str) -> Result<UnixTime, ClockBehind> {
        loop {
            let now = self.clock.settled().await;
            match self.hub.replica().watermark(subject, client) {
                Some(mark) if mark >= now => {
                    if mark.since(now) > MAX_WAIT_SECONDS {
                        error!(watermark = mark.as_secs(), now = now.as_secs(), "the clock is behind a revocation");
                        return Err(ClockBehind);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                _ => return Ok(now),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_goes_back() {
        let clock = TokenClock::default();
        assert_eq!(clock.at(UnixTime::from_secs(100)), UnixTime::from_secs(100));
        assert_eq!(clock.at(UnixTime::from_secs(90)), UnixTime::from_secs(100));
        assert_eq!(clock.at(UnixTime::from_secs(101)), UnixTime::from_secs(101));
    }
}
