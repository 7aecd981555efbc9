//! Revocations that are on disk: one store, many callers who each wait for their own answer.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use probity_authority::bench::Log;
use probity_jose::UnixTime;
use probity_verifier::revocation::{Revocation, Target};

use crate::check::ISSUER;
use crate::enforce::runtime;
use crate::report::Report;

const DURATION: Duration = Duration::from_secs(5);

pub fn run(report: &mut Report) {
    let folder = std::env::temp_dir().join(format!("probity-bench-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder");
    report.note("a write of 4 KiB and fdatasync, median of 200", fdatasync(&folder).as_secs_f64() * 1e3, "ms");
    for (callers, budget) in [(64, 5_000.0), (4_000, 50_000.0)] {
        let store = folder.join(callers.to_string());
        std::fs::create_dir(&store).expect("a folder");
        let each = runtime().block_on(measure(&store, callers));
        let name = format!("durable revocations, {callers} callers with one each, without HTTP");
        report.at_least(&name, each, budget, "per second");
    }
    std::fs::remove_dir_all(folder).expect("a folder that can be removed");
}

/// The least that a durable answer can take here.
fn fdatasync(folder: &Path) -> Duration {
    let mut file = std::fs::File::create(folder.join("sync")).expect("a file");
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[7; 4096]).and_then(|()| file.sync_data()).expect("a write");
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

async fn measure(folder: &Path, callers: u64) -> f64 {
    let log = Log::begin(folder, ISSUER).await.expect("a store");
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let log = log.clone();
            tokio::spawn(async move {
                let mut done = 0_u64;
                while start.elapsed() < DURATION {
                    let token = Target::Token(format!("{caller:08}-{done:013}"));
                    log.revoke(Revocation::own(token, UnixTime::from_secs(1 << 40))).await.expect("a revocation");
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.expect("a caller");
    }
    let rate = done as f64 / start.elapsed().as_secs_f64();
    log.close().await;
    rate
}
