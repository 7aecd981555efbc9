//! `cargo xtask bench`: our code beside its peers in one run, as ratios to the bare primitive, against the budgets.

mod authority;
mod guard;
mod jose;
mod revocation;

pub(crate) use authority::authority_bench as authority;
pub(crate) use guard::guard;
pub(crate) use jose::jose;
pub(crate) use revocation::revocation;

use std::time::Duration;

#[expect(clippy::disallowed_methods, reason = "a stopwatch")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let result = work();
    (result, start.elapsed())
}
