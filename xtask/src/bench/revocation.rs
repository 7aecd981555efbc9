//! `cargo xtask bench revocation`: the check, its memory, durable and enforced revocations, a guard's start, heartbeats.

use crate::Failure;
use crate::process::{cargo, root, run};

/// Runs the benchmark, which prints one table and fails when a budget is missed.
pub(crate) fn revocation() -> Result<(), Failure> {
    let mut bench = cargo();
    bench.current_dir(root().join("bench/revocation"));
    run(bench.args(["run", "--release", "--locked", "--quiet"]))
}
