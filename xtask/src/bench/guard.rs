//! `cargo xtask bench guard`: decisions a second, new and remembered tokens, memory, and what a request through the proxy costs.

use crate::Failure;
use crate::process::{cargo, root, run};

/// Builds the program and measures it from outside, beside a bare hyper server, a bare hyper proxy and nginx. Fails when a
/// budget is missed.
pub(crate) fn guard() -> Result<(), Failure> {
    run(cargo().args(["build", "--release", "--locked", "--quiet", "-p", "probity"]))?;
    let mut bench = cargo();
    bench.current_dir(root().join("bench/forward-auth"));
    run(bench.args(["run", "--release", "--locked", "--quiet"]))
}
