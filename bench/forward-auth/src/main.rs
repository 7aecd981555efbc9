//! The guard beside what it can't beat: `cargo xtask bench guard`, or `cargo run --release -- PATH-TO-PROBITY` in this folder.
//!
//! A bare hyper server that answers 200 and a bare hyper proxy are the limits; nginx is there for comparison when it is installed.
//! Everything runs on one machine, so that the client's own work is in each figure: the ratios count.

mod bare;
mod load;
mod site;

use std::process::ExitCode;

use load::{Latency, Load};
use site::Site;

/// Distinct tokens.
const TOKENS: usize = 100_000;

/// What checking an ES256 signature takes one core: `cargo xtask bench jose`.
const SIGNATURE_SECONDS: f64 = 57e-6;

fn main() -> ExitCode {
    let probity = std::env::args().nth(1).unwrap_or_else(|| "../../target/release/probity".to_owned());
    let bare = bare::Bare::start();
    let site = Site::start(&probity, bare.server);
    let nginx = site.nginx();
    let token = site.tokens(1).remove(0);
    let authorization = format!("Authorization: Bearer {token}\r\n");

    println!("| decisions | a second | of the bare server |\n|---|---:|---:|");
    // In turns, so that what else the machine does meets all of them; the best of each counts.
    let plain = |port, path: &str| Load::new(port, path).repeating(&authorization);
    let mut rates = [0.0_f64; 3];
    for _ in 0..5 {
        rates[0] = rates[0].max(plain(bare.server, "/").rate());
        rates[1] = rates[1].max(plain(site.guard, "/verify").rate());
        if let Some(nginx) = &nginx {
            rates[2] = rates[2].max(plain(nginx.port, "/").rate());
        }
    }
    let ratio = rates[1] / rates[0];
    println!("| bare hyper server | {:.0} | |", rates[0]);
    println!("| guard, one token again and again | {:.0} | {:.0} % |", rates[1], 100.0 * ratio);
    if nginx.is_some() {
        println!("| nginx alone, `return 200` | {:.0} | {:.0} % |", rates[2], 100.0 * rates[2] / rates[0]);
    }
    let before = site.memory();
    let tokens = site.tokens(TOKENS);
    let new = Load::new(site.guard, "/verify").each_once(&tokens);
    let after = site.memory();
    let bytes: usize = tokens.iter().map(String::len).sum();
    // What two cores can do when each request costs them what the bare server's does, and a signature.
    let limit = 1.0 / (1.0 / rates[0] + SIGNATURE_SECONDS / 2.0);
    let new_ratio = new / limit;
    println!("| guard, every token new (ES256) | {new:.0} | {:.0} % |", 100.0 * new / rates[0]);
    println!("| of {limit:.0}, which signatures leave | | {:.0} % |", 100.0 * new_ratio);
    let grown = (after - before) as f64 / bytes as f64;
    println!(
        "\n{TOKENS} tokens of {} bytes: resident {before} -> {after} bytes, {grown:.2} x the tokens",
        bytes / TOKENS
    );

    println!("\n| through a proxy, one request at a time | p50 | p99 |\n|---|---:|---:|");
    let mut direct = plain(bare.server, "/").latency();
    let mut limit = plain(bare.proxy, "/").latency();
    let mut guard = plain(site.proxy, "/").latency();
    for _ in 0..4 {
        direct = direct.min(plain(bare.server, "/").latency());
        limit = limit.min(plain(bare.proxy, "/").latency());
        guard = guard.min(plain(site.proxy, "/").latency());
    }
    for (name, Latency { p50, p99 }) in [("no proxy", direct), ("bare hyper proxy", limit), ("guard", guard)] {
        println!("| {name} | {p50:.0} us | {p99:.0} us |");
    }
    let (p50, p99) = (guard.p50 - limit.p50, guard.p99 - limit.p99);
    println!("| the guard adds | {p50:.0} us | {p99:.0} us |");
    let missed = [
        (ratio < 0.9, "repeated tokens: less than 90 % of the bare server"),
        (new_ratio < 0.85, "new tokens: less than 85 % of the bare server with a signature check"),
        (grown > 2.0, "memory: more than twice the tokens"),
        (p50 > 30.0, "latency: more than 30 us in the middle"),
        (p99 > 150.0, "latency: more than 150 us at the 99th percentile"),
    ];
    let missed: Vec<_> = missed.into_iter().filter(|(is_missed, _)| *is_missed).map(|(_, what)| what).collect();
    missed.iter().for_each(|what| println!("\nMISSED: {what}"));
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
