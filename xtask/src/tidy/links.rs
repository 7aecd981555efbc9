//! Links between Markdown files.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::process::root;
use crate::sources::{Source, has_extension};

/// Links to files that are not there.
pub(super) fn broken(files: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| has_extension(&file.path, "md")) {
        for target in targets(file) {
            if !root().join(&target).exists() {
                wrong.push(format!(
                    "{}: a link leads to {}, which is not there",
                    file.path.display(),
                    target.display()
                ));
            }
        }
    }
    wrong
}

/// Pages of docs/ that no page links to.
pub(super) fn unlinked(files: &[Source]) -> Vec<String> {
    let pages = || files.iter().filter(|file| has_extension(&file.path, "md"));
    let linked: BTreeSet<PathBuf> =
        pages().flat_map(|file| targets(file).into_iter().filter(|target| *target != file.path)).collect();
    let lost = pages().filter(|file| file.path.starts_with("docs") && !linked.contains(&file.path));
    lost.map(|file| format!("{}: no page links here", file.path.display())).collect()
}

/// The files that a page links to, as paths from the root of the repository.
fn targets(file: &Source) -> Vec<PathBuf> {
    let folder = file.path.parent().unwrap_or(Path::new(""));
    let links = file.text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let local = links.filter(|link| !link.is_empty() && !link.contains("://") && !link.starts_with("mailto:"));
    local.map(|link| flat(&folder.join(link))).collect()
}

/// The path without `.` and `..`.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                flat.pop();
            }
            Component::CurDir => {}
            part => flat.push(part),
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str, text: &str) -> Source {
        Source { path: PathBuf::from(path), text: text.to_owned() }
    }

    #[test]
    fn a_link_to_nothing_is_broken_and_a_page_without_links_to_it_is_lost() {
        let files = [
            page("README.md", "[a](docs/a.md#part) [c](Cargo.toml) [web](https://example.org/x) [here](#top)"),
            page("docs/a.md", "[up](../README.md) [gone](gone.md)"),
            page("docs/lost.md", "[itself](lost.md)"),
        ];
        // Only Cargo.toml and README.md are known to be there; what is asked of the disk is a path.
        let broken = broken(&files);
        assert!(broken.iter().any(|line| line.contains("docs/gone.md")), "{broken:?}");
        assert!(!broken.iter().any(|line| line.contains("Cargo.toml")), "{broken:?}");
        assert_eq!(unlinked(&files), ["docs/lost.md: no page links here"]);
    }
}
