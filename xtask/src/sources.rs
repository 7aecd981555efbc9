//! The files of the repository, without what is built or fetched.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Failure;
use crate::process::root;

/// Folders that are not ours to check.
const SKIPPED: [&str; 5] = ["target", ".git", "node_modules", "probity-data", "vectors"];

/// A text file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its path from the root of the repository.
    pub(crate) path: PathBuf,
    /// What is in it.
    pub(crate) text: String,
}

/// Every text file below a folder of the repository, sorted by path.
pub(crate) fn below(folder: &Path) -> Result<Vec<Source>, Failure> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<Source>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                collect(&path, found)?;
            }
        } else if let Ok(text) = fs::read_to_string(&path) {
            // What is not UTF-8 is no text.
            found.push(Source { path: path.strip_prefix(root()).unwrap_or(&path).to_owned(), text });
        }
    }
    Ok(())
}

/// Whether a path ends with an extension.
pub(crate) fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}
