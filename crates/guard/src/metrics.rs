//! What the guard counts, in the text format of Prometheus.

use core::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;
use probity_verifier::Health;
use probity_verifier::revocation::Position;

use crate::Refusal;

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    passed: AtomicU64,
    passed_stale: AtomicU64,
    unauthorized: AtomicU64,
    forbidden: AtomicU64,
    limited: AtomicU64,
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
            StatusCode::TOO_MANY_REQUESTS => &self.limited,
            _ => &self.unavailable,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// The whole document: counters, and how replica and keys are now.
    pub(crate) fn render(&self, health: &Health) -> String {
        let mut text = String::new();
        // A string takes everything.
        let _ = self.write(health, &mut text);
        text
    }

    fn write(&self, health: &Health, out: &mut String) -> fmt::Result {
        head(out, "probity_guard_decisions_total", "counter", "Requests that were decided about.")?;
        for (verdict, counter) in [
            ("passed", &self.passed),
            ("unauthorized", &self.unauthorized),
            ("forbidden", &self.forbidden),
            ("limited", &self.limited),
            ("unavailable", &self.unavailable),
        ] {
            let count = counter.load(Ordering::Relaxed);
            writeln!(out, "probity_guard_decisions_total{{verdict=\"{verdict}\"}} {count}")?;
        }
        let name = "probity_guard_passed_stale_total";
        head(out, name, "counter", "Requests that passed while revocations were not known.")?;
        writeln!(out, "{name} {}", self.passed_stale.load(Ordering::Relaxed))?;
        let name = "probity_guard_cut_total";
        head(out, name, "counter", "Answers and WebSockets that were cut off after they had begun.")?;
        writeln!(out, "{name} {}", self.cut.load(Ordering::Relaxed))?;
        head(
            out,
            "probity_guard_replica_current",
            "gauge",
            "1: all revocations are known, so that tokens are accepted.",
        )?;
        writeln!(out, "probity_guard_replica_current {}", u8::from(!health.lease_left.is_zero()))?;
        head(out, "probity_guard_lease_seconds", "gauge", "For how long the replica may still be trusted.")?;
        writeln!(out, "probity_guard_lease_seconds {}", health.lease_left.as_secs_f64())?;
        head(out, "probity_guard_stale_seconds", "gauge", "How long ago the replica was last current.")?;
        if let Some(stale_for) = health.stale_for {
            writeln!(out, "probity_guard_stale_seconds {}", stale_for.as_secs_f64())?;
        }
        head(out, "probity_guard_replica_position", "gauge", "The last record of each log that is enforced.")?;
        for Position { writer, term, seq } in health.applied.iter() {
            writeln!(out, "probity_guard_replica_position{{writer=\"{writer}\",term=\"{term}\"}} {seq}")?;
        }
        head(out, "probity_guard_revocations_held", "gauge", "Revocations in the replica.")?;
        writeln!(out, "probity_guard_revocations_held {}", health.revocations)?;
        head(out, "probity_guard_keys_current", "gauge", "1: the issuer's keys are there.")?;
        for (issuer, current) in &health.keys {
            let issuer = issuer.replace('\\', "\\\\").replace('"', "\\\"");
            writeln!(out, "probity_guard_keys_current{{issuer=\"{issuer}\"}} {}", u8::from(*current))?;
        }
        Ok(())
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}
