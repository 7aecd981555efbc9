//! A guard that starts: from nothing to its first lease.

use std::time::{Duration, Instant};

use probity_verifier::clock::boot_now;

use crate::check::{session_record, sessions};
use crate::enforce::{Scene, runtime};
use crate::report::Report;

pub fn run(report: &mut Report) {
    let live: Vec<_> = sessions(10_000_000).filter(|(_, revoked)| *revoked).map(|(at, _)| session_record(at)).collect();
    let count = live.len();
    runtime().block_on(async {
        let scene = Scene::start(&live).await;
        scene.enforce(0).await;
        let mut slowest = Duration::ZERO;
        for number in 0..5 {
            let start = Instant::now();
            let guard = scene.add(number).await;
            while !guard.lease().holds(boot_now()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            slowest = slowest.max(start.elapsed());
            assert_eq!(guard.replica().len(), count);
        }
        report.at_most(
            "cold start, 10 million live sessions, 1 % revoked, slowest of 5",
            slowest.as_secs_f64(),
            1.0,
            "s",
        );
    });
}
