//! CPU time: what a step costs, whoever else uses the machine.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

pub fn thread() -> Duration {
    read(ClockId::ThreadCPUTime)
}

pub fn process() -> Duration {
    read(ClockId::ProcessCPUTime)
}

fn read(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Nanoseconds of CPU for one step: the lowest of several rounds, each over all of `inputs` many times.
pub fn nanos_per_step<T, R>(inputs: &[T], mut step: impl FnMut(&T) -> R) -> f64 {
    const PASSES: usize = 500;
    (0..15)
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
