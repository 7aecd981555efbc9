//! `cargo xtask bench jose`: verify, sign, decrypt and encrypt, for every peer of `bench/jose`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Failure;
use crate::process::{cargo, root, run};

/// Noise on a shared machine only adds, so the lowest of so many runs' medians counts.
const RUNS: usize = 3;

/// The primitive alone, over the same bytes.
const RAW: &str = "raw-aws-lc-rs";

/// Us.
const OURS: &str = "probity";

/// Us, with claims that borrow from a buffer instead of owning their texts.
const OURS_BORROWED: &str = "probity, borrowed";

/// What is done, and how many times the bare primitive it may cost.
const BUDGETS: [(&str, f64); 22] = [
    ("verify HS256", 2.0),
    ("verify RS256", 1.06),
    ("verify PS256", 1.06),
    ("verify ES256", 1.03),
    ("verify ES384", 1.01),
    ("verify EdDSA", 1.03),
    ("verify ML-DSA-44", 1.07),
    ("verify ML-DSA-65", 1.07),
    ("sign HS256", 1.8),
    ("sign RS256", 1.01),
    ("sign PS256", 1.01),
    ("sign ES256", 1.05),
    ("sign ES384", 1.05),
    ("sign EdDSA", 1.07),
    ("sign ML-DSA-44", 1.07),
    ("sign ML-DSA-65", 1.07),
    ("decrypt dir", 4.0),
    ("encrypt dir", 1.8),
    ("decrypt ECDH-ES+A256KW", 1.04),
    ("encrypt ECDH-ES+A256KW", 1.04),
    ("decrypt RSA-OAEP-256", 1.02),
    ("encrypt RSA-OAEP-256", 1.05),
];

/// Nanoseconds by what is done and by peer.
type Times = BTreeMap<String, BTreeMap<String, f64>>;

/// Runs the benchmark and prints one table.
pub(crate) fn jose() -> Result<(), Failure> {
    let results = root().join("target/bench-jose");
    let mut times = Times::new();
    for number in 1..=RUNS {
        println!("== run {number} of {RUNS}");
        let folder = results.join(number.to_string());
        // What an earlier call left would be counted as this one's.
        let _ = fs::remove_dir_all(&folder);
        let mut bench = cargo();
        bench.current_dir(root().join("bench/jose")).env("CRITERION_HOME", &folder);
        run(bench.args(["bench", "--locked", "--quiet", "--bench", "peers", "--", "--noplot"]))?;
        collect(&folder, &mut times)?;
    }
    print_table(&times)
}

/// Adds the medians of a run, where they are lower than those of an earlier one.
fn collect(folder: &Path, times: &mut Times) -> Result<(), Failure> {
    for group in entries(folder)? {
        for peer in entries(&group)? {
            let read = |name: &str| -> Option<Value> {
                serde_json::from_slice(&fs::read(peer.join("new").join(name)).ok()?).ok()
            };
            let (Some(about), Some(estimates)) = (read("benchmark.json"), read("estimates.json")) else {
                continue;
            };
            let text = |name: &str| about.get(name).and_then(Value::as_str).map(str::to_owned);
            let median = estimates.pointer("/median/point_estimate").and_then(Value::as_f64);
            let (Some(group), Some(peer), Some(median)) = (text("group_id"), text("function_id"), median) else {
                return Err(format!("{}: not what the benchmark writes", peer.display()));
            };
            let lowest = times.entry(group).or_default().entry(peer).or_insert(median);
            *lowest = lowest.min(median);
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
}

fn print_table(times: &Times) -> Result<(), Failure> {
    let others: BTreeSet<&str> = times.values().flat_map(BTreeMap::keys).map(String::as_str).collect();
    let others: Vec<&str> = others.into_iter().filter(|peer| ![RAW, OURS, OURS_BORROWED].contains(peer)).collect();
    println!("\nnanoseconds, and how many times the bare primitive ({RAW})\n");
    println!("| | {RAW} | {OURS} | {OURS_BORROWED} | budget | {} |", others.join(" | "));
    println!("|---|---:|---:|---:|---:|{}", "---:|".repeat(others.len()));
    let mut over = Vec::new();
    for (what, budget) in BUDGETS {
        let Some((row, raw)) = times.get(what).and_then(|row| Some((row, *row.get(RAW)?))) else {
            return Err(format!("{what} was not measured"));
        };
        let cell = |peer: &str| row.get(peer).map_or("-".to_owned(), |ns| format!("{ns:.0} ({:.2}x)", ns / raw));
        // The budgets come from the least that a verifier can do, which borrows: where we do, that counts.
        let ours = row.get(OURS_BORROWED).or(row.get(OURS)).map(|ns| ns / raw);
        let verdict = if ours.is_some_and(|ratio| ratio <= budget) { "" } else { " over" };
        if !verdict.is_empty() {
            over.push(what);
        }
        let rest: Vec<String> = others.iter().map(|peer| cell(peer)).collect();
        println!(
            "| {what} | {raw:.0} | {} | {} | {budget:.2}x{verdict} | {} |",
            cell(OURS),
            cell(OURS_BORROWED),
            rest.join(" | ")
        );
    }
    if over.is_empty() { Ok(()) } else { Err(format!("over budget: {}", over.join(", "))) }
}
