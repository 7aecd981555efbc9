//! Files that nothing uses.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::metadata::Crate;
use crate::process::root;
use crate::sources::{Source, has_extension};

/// Rust files of a crate that no `mod` leads to.
pub(super) fn dead_modules(crates: &[Crate], files: &[Source]) -> Vec<String> {
    let mut reached = BTreeSet::new();
    for one in crates {
        for file in &one.roots {
            let file = file.strip_prefix(root()).unwrap_or(file);
            reach(file, file.parent().unwrap_or(Path::new("")), files, &mut reached);
        }
    }
    let ours = |path: &Path| crates.iter().any(|one| path.starts_with(&one.folder));
    let rust = files.iter().filter(|file| has_extension(&file.path, "rs") && ours(&file.path));
    let dead = rust.filter(|file| !reached.contains(&file.path));
    dead.map(|file| format!("{}: no `mod` leads here", file.path.display())).collect()
}

/// Files beside the Rust files (pages, migrations, certificates) that no Rust file of their crate names.
pub(super) fn unnamed_files(crates: &[Crate], files: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for one in crates {
        let of_crate = || files.iter().filter(|file| file.path.starts_with(&one.folder));
        let code: Vec<&Source> = of_crate().filter(|file| has_extension(&file.path, "rs")).collect();
        let known = |name: &str| code.iter().any(|file| file.text.contains(name));
        let sources = one.folder.join("src");
        for file in of_crate().filter(|file| file.path.starts_with(&sources) && !has_extension(&file.path, "rs")) {
            let name = file.path.file_name().unwrap_or_default().to_string_lossy();
            // A file may also be used by another of its kind, as a page is by the pages that extend it.
            let by_sibling = of_crate().any(|other| other.path != file.path && other.text.contains(name.as_ref()));
            if !known(&name) && !by_sibling {
                wrong.push(format!("{}: nothing in {} names this file", file.path.display(), one.room));
            }
        }
    }
    wrong
}

/// Follows `mod name;` from a file whose child modules are in `folder`.
fn reach(file: &Path, folder: &Path, files: &[Source], reached: &mut BTreeSet<PathBuf>) {
    let Some(source) = files.iter().find(|source| source.path == file) else {
        return;
    };
    if !reached.insert(file.to_owned()) {
        return;
    }
    for name in declared_modules(&source.text) {
        let below = folder.join(name);
        reach(&folder.join(format!("{name}.rs")), &below, files, reached);
        reach(&below.join("mod.rs"), &below, files, reached);
    }
}

/// The names in `mod name;`, whatever their visibility.
fn declared_modules(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (before, name) = line.trim().strip_suffix(';')?.rsplit_once("mod ")?;
        let visibility = before.is_empty() || (before.starts_with("pub") && before.ends_with(' '));
        (visibility && name.chars().all(|c| c.is_alphanumeric() || c == '_')).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Source {
        Source { path: PathBuf::from(path), text: text.to_owned() }
    }

    fn room() -> Crate {
        Crate {
            room: "a".to_owned(),
            folder: PathBuf::from("crates/a"),
            dependencies: BTreeSet::new(),
            roots: vec![root().join("crates/a/src/lib.rs")],
            package: "a".to_owned(),
        }
    }

    #[test]
    fn a_file_that_no_mod_leads_to_is_dead() {
        let files = [
            file("crates/a/src/lib.rs", "mod used;\npub(crate) mod folder;\n// mod commented;\n"),
            file("crates/a/src/used.rs", "mod below;\n"),
            file("crates/a/src/used/below.rs", ""),
            file("crates/a/src/folder/mod.rs", "pub mod inner;"),
            file("crates/a/src/folder/inner.rs", ""),
            file("crates/a/src/commented.rs", ""),
            file("crates/a/src/below.rs", ""),
            file("elsewhere/x.rs", ""),
        ];
        let dead = dead_modules(&[room()], &files);
        assert_eq!(dead.len(), 2, "{dead:?}");
        assert!(dead.iter().all(|line| line.contains("commented.rs") || line.contains("src/below.rs")), "{dead:?}");
    }

    #[test]
    fn a_page_that_nothing_names_is_dead() {
        let files = [
            file("crates/a/src/lib.rs", "#[template(path = \"login.html\")]"),
            file("crates/a/src/pages/login.html", "{% extends \"frame.html\" %}"),
            file("crates/a/src/pages/frame.html", ""),
            file("crates/a/src/pages/old.html", ""),
        ];
        let wrong = unnamed_files(&[room()], &files);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].contains("old.html"));
    }
}
