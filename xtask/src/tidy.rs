//! `cargo xtask tidy`: what no compiler checks.

mod arrows;
mod dead_files;
mod links;
mod map;
mod open_points;

use std::path::Path;

use crate::{Failure, metadata, sources};

/// Where the arrows are written down.
const MAP: &str = "ARCHITECTURE.md";

/// Runs every check and lists all that is wrong.
pub(crate) fn run() -> Result<(), Failure> {
    let files = sources::below(Path::new(""))?;
    let crates = metadata::crates()?;
    let architecture = files.iter().find(|file| file.path == Path::new(MAP)).ok_or(format!("there is no {MAP}"))?;
    let map = map::Map::read(&architecture.text)?;
    let mut wrong = Vec::new();
    wrong.extend(arrows::between_crates(&map, &crates));
    wrong.extend(arrows::inside_crates(&map, &files));
    wrong.extend(dead_files::dead_modules(&crates, &files));
    wrong.extend(dead_files::unnamed_files(&crates, &files));
    wrong.extend(links::broken(&files));
    wrong.extend(links::unlinked(&files));
    wrong.extend(open_points::without_issue(&files));
    if wrong.is_empty() {
        println!("{} crates and {} files are tidy", crates.len(), files.len());
        return Ok(());
    }
    wrong.iter().for_each(|line| eprintln!("{line}"));
    Err(format!("{} things are not tidy", wrong.len()))
}
