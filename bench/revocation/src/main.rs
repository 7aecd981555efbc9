//! Measures the revocation check, its memory, the cold start of a guard, and the time from revoke to `enforced`.
//!
//! `cargo run --release` runs everything; an argument picks one of `check`, `cold`, `enforce`, `heartbeats`. Each line names the
//! budget beside the figure; a budget that is missed makes the exit code 1.

mod allocation;
mod check;
mod cold;
mod cpu;
mod enforce;
mod report;

use std::process::ExitCode;

fn main() -> ExitCode {
    let picked = std::env::args().nth(1);
    let wanted = |name: &str| picked.as_deref().is_none_or(|picked| picked == name);
    let mut report = report::Report::default();
    if wanted("check") {
        check::run(&mut report);
    }
    if wanted("cold") {
        cold::run(&mut report);
    }
    if wanted("enforce") {
        enforce::run(&mut report);
    }
    if wanted("heartbeats") {
        enforce::heartbeats(&mut report);
    }
    report.verdict()
}
