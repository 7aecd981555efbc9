//! CPU time: what a step costs, whoever else uses the machine.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What this thread has used.
pub fn thread() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Nanoseconds of CPU for one step: the lowest of many short rounds, since whoever else uses the core only adds to it.
pub fn nanos_per_step<T, R>(inputs: &[T], mut step: impl FnMut(&T) -> R) -> f64 {
    const PASSES: usize = 10;
    const ROUNDS: usize = 500;
    (0..ROUNDS)
        .map(|_| {
            let start = thread();
            for _ in 0..PASSES {
                for input in inputs {
                    black_box(step(black_box(input)));
                }
            }
            (thread() - start).as_nanos() as f64 / (PASSES * inputs.len()) as f64
        })
        .fold(f64::INFINITY, f64::min)
}
