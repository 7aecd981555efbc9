//! What the guard counts, in the text format of Prometheus.

use core::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;

use crate::Refusal;

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    passed: AtomicU64,
    passed_stale: AtomicU64,
    unauthorized: AtomicU64,
    forbidden: AtomicU64,
    unavailable: AtomicU64,
    cut: AtomicU64,
}

impl Metrics {
    pub(crate) fn passed(&self, stale: bool) {
        self.passed.fetch_add(1, Ordering::Relaxed);
        if stale {
            self.passed_stale.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Something that had been admitted was ended.
    pub(crate) fn cut(&self) {
        self.cut.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self, refusal: &Refusal) {
        let counter = match refusal.status() {
            StatusCode::UNAUTHORIZED => &self.unauthorized,
            StatusCode::FORBIDDEN => &self.forbidden,
            _ => &self.unavailable,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# HELP probity_guard_decisions_total Requests that were decided about.")?;
        writeln!(f, "# TYPE probity_guard_decisions_total counter")?;
        for (verdict, counter) in [
            ("passed", &self.passed),
            ("unauthorized", &self.unauthorized),
            ("forbidden", &self.forbidden),
            ("unavailable", &self.unavailable),
        ] {
            let count = counter.load(Ordering::Relaxed);
            writeln!(f, "probity_guard_decisions_total{{verdict=\"{verdict}\"}} {count}")?;
        }
        writeln!(f, "# HELP probity_guard_passed_stale_total Requests that passed while revocations were not known.")?;
        writeln!(f, "# TYPE probity_guard_passed_stale_total counter")?;
        writeln!(f, "probity_guard_passed_stale_total {}", self.passed_stale.load(Ordering::Relaxed))?;
        writeln!(f, "# HELP probity_guard_cut_total Answers and WebSockets that were cut off after they had begun.")?;
        writeln!(f, "# TYPE probity_guard_cut_total counter")?;
        writeln!(f, "probity_guard_cut_total {}", self.cut.load(Ordering::Relaxed))
    }
}
