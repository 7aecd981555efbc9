//! `cargo xtask docs`: the pages of docs/reference that are made from the program itself.

mod commands;
mod configuration;
mod conformance;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Failure;
use crate::process::{cargo, output, root, run};

/// A generated page.
struct Page {
    /// Its path from the root of the repository.
    path: &'static str,
    text: String,
}

/// Writes every generated page.
pub(crate) fn write() -> Result<(), Failure> {
    for page in pages()? {
        fs::write(root().join(page.path), page.text).map_err(|error| format!("{}: {error}", page.path))?;
        println!("wrote {}", page.path);
    }
    Ok(())
}

/// Fails when a generated page is not what it would be now.
pub(crate) fn check() -> Result<(), Failure> {
    for page in pages()? {
        if fs::read_to_string(root().join(page.path)).ok().as_deref() != Some(page.text.as_str()) {
            return Err(format!("{} is stale: run `cargo xtask docs`", page.path));
        }
    }
    Ok(())
}

fn pages() -> Result<[Page; 4], Failure> {
    // As the tests build it, so that what they have built is not built again with other features.
    run(cargo().args(["test", "--workspace", "--locked", "--no-run", "--quiet"]))?;
    Ok([
        Page { path: "docs/reference/audit-rules.md", text: probity(&["audit", "rules", "--markdown"])? },
        Page { path: "docs/reference/commands.md", text: commands::page()? },
        Page { path: "docs/reference/configuration.md", text: configuration::page()? },
        Page { path: "docs/reference/conformance.md", text: conformance::page()? },
    ])
}

/// What `probity` prints, in a terminal of a fixed width and without what its surroundings may set.
fn probity(arguments: &[&str]) -> Result<String, Failure> {
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let mut command = Command::new(folder.join("debug").join("probity"));
    output(command.args(arguments).env("COLUMNS", "100").env("NO_COLOR", "1").env_remove("PROBITY_ADMIN_PROFILE"))
}
