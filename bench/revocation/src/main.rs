//! Measures the revocation check, its memory, durable revocations, the time from revoke to `enforced`, the cold start of a
//! guard, and what heartbeats cost.
//!
//! `cargo run --release` runs everything; an argument picks one of `check`, `durable`, `enforce`, `cold`, `heartbeats`. Each line names the
//! budget beside the figure; a budget that is missed makes the exit code 1.

mod allocation;
mod check;
mod cold;
mod cpu;
mod durable;
mod enforce;
mod report;

use std::process::ExitCode;

fn main() -> ExitCode {
    let picked = std::env::args().nth(1);
    let wanted = |name: &str| picked.as_deref().is_none_or(|picked| picked == name);
    let mut report = report::Report::default();
    report.begin();
    if wanted("check") {
        check::run(&mut report);
    }
    if wanted("durable") {
        durable::run(&mut report);
    }
    if wanted("enforce") {
        enforce::run(&mut report);
    }
    if wanted("cold") {
        cold::run(&mut report);
    }
    if wanted("heartbeats") {
        enforce::heartbeats(&mut report);
    }
    report.verdict()
}
