//! `cargo xtask test`: everything that must hold, and a last line that says how many tests have run.

use std::path::Path;
use std::time::Duration;

use crate::Failure;
use crate::libtest::Count;
use crate::process::{cargo, find, root, run, watch};
use crate::{debian, docs, sources, tidy};

/// Where the tests of other people's clients write their rows.
const CLIENTS: &str = "target/tmp/interop/clients";

/// Runs every check and every test; goes on after a failure, so that one run shows all that is wrong.
pub(crate) fn everything() -> Result<(), Failure> {
    let mut steps = Steps::default();
    steps.step("packages", debian::ensure);
    steps.step("format", || run(cargo().args(["fmt", "--all", "--check"])));
    steps.step("clippy", || {
        let lint = ["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"];
        run(cargo().args(lint))
    });
    steps.step("tidy", tidy::run);
    steps.step("rustdoc", || {
        // With private items: the pages are for whoever works on this, and links to what is inside must hold too.
        let document = ["doc", "--workspace", "--no-deps", "--document-private-items", "--locked", "--quiet"];
        run(cargo().args(document).env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links"))
    });
    steps.step("cargo-deny", || {
        if find("cargo-deny").is_none() {
            println!("cargo-deny is not installed: licences, bans and sources were not checked");
            return Ok(());
        }
        run(cargo().args(["deny", "--locked", "check", "bans", "licenses", "sources"]))
    });
    let mut count = Count::default();
    // What an earlier run has found is not this one's.
    let _ = std::fs::remove_dir_all(root().join(CLIENTS));
    steps.step("tests", || tests(&[], &mut count));
    steps.step("other people's clients", clients);
    steps.step("generated docs", docs::check);
    steps.finish(count)
}

/// Runs the tests whose names contain a text.
pub(crate) fn only(filter: &str) -> Result<(), Failure> {
    let mut steps = Steps::default();
    let mut count = Count::default();
    steps.step("packages", debian::ensure);
    steps.step("tests", || tests(&[filter], &mut count));
    steps.finish(count)
}

/// Runs the test with real faults on real processes, longer than [`everything`] does.
pub(crate) fn faults() -> Result<(), Failure> {
    const REVOCATIONS: &str = "10000";
    let test = ["test", "--locked", "--package", "probity", "--test", "it", "faults::", "--", "--nocapture"];
    run(cargo().args(test).env("PROBITY_FAULTS", REVOCATIONS))
}

fn tests(filter: &[&str], count: &mut Count) -> Result<(), Failure> {
    // The tests run them, and with a filter `cargo test` would leave them as they are.
    run(cargo().args(["build", "--workspace", "--examples", "--locked", "--quiet"]))?;
    let mut command = cargo();
    command.args(["test", "--workspace", "--locked", "--no-fail-fast"]).args(filter);
    let good = watch(&mut command, |line| count.see(line))?;
    if !good && count.failed == 0 {
        // A binary that could not be built, or that died before it could count.
        count.failed += 1;
    }
    if good { Ok(()) } else { Err("cargo test failed".to_owned()) }
}

/// Prints which flow of which client works, as the tests have found it.
fn clients() -> Result<(), Failure> {
    let rows = sources::below(Path::new(CLIENTS))?;
    println!("| client | flow | |\n|---|---|---|");
    rows.iter().for_each(|source| print!("{}", source.text));
    if rows.is_empty() { Err("no client has been tried".to_owned()) } else { Ok(()) }
}

/// What was done and how it went.
#[derive(Default)]
struct Steps {
    failed: Vec<&'static str>,
}

impl Steps {
    fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<(), Failure>) {
        println!("== {name}");
        let (outcome, took) = timed(work);
        match outcome {
            Ok(()) => println!("== {name}: good, {:.1} s\n", took.as_secs_f64()),
            Err(failure) => {
                println!("== {name}: FAILED, {:.1} s: {failure}\n", took.as_secs_f64());
                self.failed.push(name);
            }
        }
    }

    fn finish(self, count: Count) -> Result<(), Failure> {
        let failure = match self.failed.as_slice() {
            [] if count.passed == 0 => Some("no test has run".to_owned()),
            [] => None,
            failed => Some(format!("failed: {}", failed.join(", "))),
        };
        if let Some(failure) = &failure {
            println!("{failure}");
        }
        // The last line of all, so that whoever reads only that sees that tests have run.
        println!("{} passed, {} failed", count.passed, count.failed);
        if failure.is_none() { Ok(()) } else { Err(Failure::new()) }
    }
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch for a person")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let result = work();
    (result, start.elapsed())
}
