//! Automation of this repository: `cargo xtask test | faults | tidy | docs | bench`.

mod bench;
mod debian;
mod docs;
mod libtest;
mod metadata;
mod process;
mod sources;
mod test;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  test          everything that must hold: format, clippy, tidy, docs, every test; installs missing Debian packages as root
  faults        the long form of the fault test: 10,000 revocations while processes are killed, stopped and cut off
  tidy          arrows of ARCHITECTURE.md, dead files, broken links, open points without an issue
  docs          write the generated pages of docs/reference
  docs --check  fail when they are stale
  bench jose    the JOSE library beside its peers, against the budgets; takes about half an hour
  bench guard   the guard beside a bare hyper server and proxy and nginx, against the budgets; takes three minutes
  bench authority  the authority (release build) beside node oidc-provider: CPU a request, rates, start, memory
  bench revocation  the revocation check, its memory, and the time until a revocation is enforced, against the budgets

Examples: cargo xtask test
          cargo xtask test revocation     only the tests whose names have that text, and nothing else
";

/// Why a command failed: a sentence for a person, or nothing when it was said already.
type Failure = String;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test"] => test::everything(),
        ["test", filter] => test::only(filter),
        ["faults"] => test::faults(),
        ["tidy"] => tidy::run(),
        ["docs"] => docs::write(),
        ["docs", "--check"] => docs::check(),
        ["bench", "authority"] => bench::authority(),
        ["bench", "jose"] => bench::jose(),
        ["bench", "guard"] => bench::guard(),
        ["bench", "revocation"] => bench::revocation(),
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_empty() {
                eprintln!("xtask: {failure}");
            }
            ExitCode::FAILURE
        }
    }
}
