//! The two clocks of the rim: wall-clock time for claims, and a clock that counts suspended time for leases.
//!
//! Everything else in this crate takes time as an argument.

use core::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use probity_jose::UnixTime;

/// A moment on a clock that never steps and that counts the time in which the machine was suspended.
///
/// Leases are measured on it. `std::time::Instant` is not enough: on Linux it stands still during suspend, so that
/// a guard that wakes up would trust a replica that is hours old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BootTime(u64);

impl BootTime {
    /// A moment, from the nanoseconds since an arbitrary start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since an arbitrary start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// This moment and `span` more, at most the end of time.
    pub fn plus(self, span: Duration) -> Self {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }

    /// The time from `earlier` to this moment; zero when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for BootTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ns", self.0)
    }
}

/// Reads the clock that counts suspended time.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the boot-time clock")]
pub fn boot_now() -> BootTime {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(now.tv_nsec).unwrap_or(0);
    BootTime(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
}

/// Reads the monotonic clock: on macOS and Windows it counts suspended time.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the boot-time clock")]
pub fn boot_now() -> BootTime {
    use std::sync::OnceLock;
    static START: OnceLock<std::time::Instant> = OnceLock::new();
    let start = START.get_or_init(std::time::Instant::now);
    BootTime(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

/// Reads the wall clock, for claims. A clock before 1970 reads as the epoch.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn unix_now() -> UnixTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(since_epoch.as_secs())
}
