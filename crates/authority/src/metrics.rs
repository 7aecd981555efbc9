//! What the authority counts of revocations, in the text format of Prometheus.

use core::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use probity_jose::base64url;

use crate::domain::revocation::Order;
use crate::revocation::{GuardStatus, Hub};

/// The upper bounds of the buckets of a duration, in microseconds: from a fast commit to a lease that has run out.
const BUCKETS: [u64; 14] = [
    500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 125_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
];

/// The levels of orders, as [`Order::level`] names them.
const LEVELS: [&str; 8] = ["session", "subject", "client", "family", "token", "key", "everything", "foreign"];

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    orders: [AtomicU64; LEVELS.len()],
    durable: Durations,
    enforced: Durations,
    /// Leases that had to be waited for.
    expired: AtomicU64,
}

/// How often something took how long.
#[derive(Debug, Default)]
struct Durations {
    /// One for each bucket alone, and one for what is longer than all.
    counts: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
}

impl Metrics {
    /// An order has been carried out.
    pub(crate) fn ordered(&self, order: &Order) {
        let at = LEVELS.iter().position(|level| *level == order.level());
        if let Some(counter) = at.and_then(|at| self.orders.get(at)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// It was durable after so long.
    pub(crate) fn durable(&self, after: Duration) {
        self.durable.add(after);
    }

    /// It was enforced so long after it was durable, when the leases of some guards had run out.
    pub(crate) fn enforced(&self, after: Duration, expired: usize) {
        self.enforced.add(after);
        self.expired.fetch_add(expired as u64, Ordering::Relaxed);
    }

    /// The whole document: counters, and the guards and the log as they are now.
    pub(crate) fn render(&self, hub: &Hub) -> String {
        let mut text = String::new();
        // A string takes everything.
        let _ = self.write(hub, &mut text);
        text
    }

    fn write(&self, hub: &Hub, out: &mut String) -> fmt::Result {
        head(out, "probity_revocations_total", "counter", "Orders to revoke that were carried out.")?;
        for (level, counter) in LEVELS.iter().zip(&self.orders) {
            writeln!(out, "probity_revocations_total{{level=\"{level}\"}} {}", counter.load(Ordering::Relaxed))?;
        }
        head(out, "probity_revocation_durable_seconds", "histogram", "From an order until it was on disk.")?;
        self.durable.write(out, "probity_revocation_durable_seconds")?;
        head(out, "probity_revocation_enforced_seconds", "histogram", "From then until every guard enforced it.")?;
        self.enforced.write(out, "probity_revocation_enforced_seconds")?;
        let name = "probity_revocation_expired_leases_total";
        head(out, name, "counter", "Guards that had not confirmed a revocation when their leases ran out.")?;
        writeln!(out, "{name} {}", self.expired.load(Ordering::Relaxed))?;
        head(out, "probity_revocations_held", "gauge", "Revocations that have not lapsed.")?;
        writeln!(out, "probity_revocations_held {}", hub.replica().len())?;
        let log = hub.head();
        head(out, "probity_revocation_log_term", "gauge", "How often the store has been opened.")?;
        writeln!(out, "probity_revocation_log_term {}", log.term)?;
        head(out, "probity_revocation_log_position", "gauge", "The last record of this term.")?;
        writeln!(out, "probity_revocation_log_position {}", log.seq)?;
        let name = "probity_revocation_log_lost";
        head(out, name, "gauge", "1: a guard has read what the store has lost. Was it restored from a backup?")?;
        writeln!(out, "{name} {}", u8::from(hub.lost().is_some()))?;
        let guards = hub.guards();
        let connected = guards.iter().filter(|guard| guard.connected).count();
        head(out, "probity_guards_connected", "gauge", "Guards whose stream stands.")?;
        writeln!(out, "probity_guards_connected {connected}")?;
        per_guard(out, &guards, "probity_guard_connected", "1: its stream stands.", |guard| {
            u8::from(guard.connected).to_string()
        })?;
        per_guard(out, &guards, "probity_guard_position", "The last record that it enforces.", |guard| {
            guard.applied.map_or(0, |place| place.seq).to_string()
        })?;
        per_guard(out, &guards, "probity_guard_lag_records", "Records that it has not confirmed.", |guard| {
            guard.lag.to_string()
        })?;
        per_guard(out, &guards, "probity_guard_lease_seconds", "For how long it may accept tokens.", |guard| {
            guard.lease_left.as_secs_f64().to_string()
        })
    }
}

impl Durations {
    fn add(&self, span: Duration) {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let at = BUCKETS.partition_point(|bound| *bound < micros);
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn write(&self, out: &mut String, name: &str) -> fmt::Result {
        let mut sum = 0;
        let bounds = BUCKETS.iter().map(|bound| Duration::from_micros(*bound).as_secs_f64().to_string());
        for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(&self.counts) {
            sum += count.load(Ordering::Relaxed);
            writeln!(out, "{name}_bucket{{le=\"{bound}\"}} {sum}")?;
        }
        let seconds = Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64();
        writeln!(out, "{name}_sum {seconds}\n{name}_count {sum}")
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

fn per_guard(
    out: &mut String,
    guards: &[GuardStatus],
    name: &str,
    help: &str,
    value: impl Fn(&GuardStatus) -> String,
) -> fmt::Result {
    head(out, name, "gauge", help)?;
    for guard in guards {
        let (label, instance) = (escaped(&guard.name), base64url::encode(&guard.instance.0));
        writeln!(out, "{name}{{guard=\"{label}\",instance=\"{instance}\"}} {}", value(guard))?;
    }
    Ok(())
}

/// A label's value: backslashes, quotes and line feeds are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_in_its_bucket_and_in_every_longer_one() {
        let durations = Durations::default();
        for micros in [500, 501, 9_000_000] {
            durations.add(Duration::from_micros(micros));
        }
        let mut text = String::new();
        durations.write(&mut text, "d").unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(&lines[..2], ["d_bucket{le=\"0.0005\"} 1", "d_bucket{le=\"0.001\"} 2"]);
        assert_eq!(&lines[13..], ["d_bucket{le=\"5\"} 2", "d_bucket{le=\"+Inf\"} 3", "d_sum 9.001001", "d_count 3"]);
    }

    #[test]
    fn a_guards_name_can_not_break_out_of_its_label() {
        assert_eq!(escaped("a\"} 1\n\\"), "a\\\"} 1\\n\\\\");
    }

    #[test]
    fn every_level_of_an_order_is_counted_under_its_name() {
        let orders = [
            Order::Session { id: "s".into(), place: probity_verifier::revocation::SessionIndex { list: 1, index: 1 } },
            Order::Subject("s".into()),
            Order::Client("c".into()),
            Order::Family("f".into()),
            Order::Token { id: "t".into(), expires: None },
            Order::Key("k".into()),
            Order::Everything,
        ];
        let metrics = Metrics::default();
        orders.iter().for_each(|order| metrics.ordered(order));
        let counts: Vec<_> = metrics.orders.iter().map(|counter| counter.load(Ordering::Relaxed)).collect();
        assert_eq!(counts, [1, 1, 1, 1, 1, 1, 1, 0]);
    }
}
