//! Arrows: which crate may use which, and which module of a crate which other.

use std::path::Path;

use super::map::Map;
use crate::metadata::Crate;
use crate::sources::{Source, has_extension};

/// Checks the Cargo.toml of every crate.
pub(super) fn between_crates(map: &Map, crates: &[Crate]) -> Vec<String> {
    let mut wrong = Vec::new();
    for one in crates {
        let manifest = one.folder.join("Cargo.toml");
        let manifest = manifest.display();
        let Some(allowed) = map.crates.get(&one.room) else {
            wrong.push(format!("{manifest}: ARCHITECTURE.md has no arrows for `{}`", one.room));
            continue;
        };
        for other in crates.iter().filter(|other| one.dependencies.contains(&other.package)) {
            if !allowed.contains(&other.room) {
                wrong.push(format!("{manifest}: {} -> {} is no arrow of ARCHITECTURE.md", one.room, other.room));
            }
        }
        for (dependency, rooms) in &map.fences {
            if one.dependencies.contains(dependency) && !rooms.contains(&one.room) {
                wrong.push(format!("{manifest}: only {} may use {dependency}", rooms.join(", ")));
            }
        }
    }
    for room in map.crates.keys().filter(|room| !crates.iter().any(|one| one.room == **room)) {
        wrong.push(format!("ARCHITECTURE.md: there is no crate in a folder `{room}`"));
    }
    wrong
}

/// Checks what the modules that the map names use of their crate.
pub(super) fn inside_crates(map: &Map, files: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (place, allowed) in &map.modules {
        let Some((room, module)) = place.split_once('/') else { continue };
        let beside: Vec<&str> =
            map.modules.keys().filter_map(|key| key.strip_prefix(room)?.strip_prefix('/')).collect();
        let mut seen = false;
        for (file, depth) in files_of(room, module, files) {
            seen = true;
            for (line, used) in used_modules(&file.text, depth) {
                let known = beside.contains(&used.as_str()) && used != module;
                if known && !allowed.contains(&used) {
                    wrong.push(format!(
                        "{}:{line}: {module} -> {used} is no arrow of ARCHITECTURE.md",
                        file.path.display()
                    ));
                }
            }
        }
        if !seen {
            wrong.push(format!("ARCHITECTURE.md: {place} is no module"));
        }
    }
    for (place, forbidden) in &map.absences {
        let Some((room, module)) = place.split_once('/') else { continue };
        for (file, _) in files_of(room, module, files) {
            for (at, line) in file.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                for path in forbidden.iter().filter(|path| mentions(line, path)) {
                    wrong.push(format!("{}:{}: {place} must not know {path}", file.path.display(), at + 1));
                }
            }
        }
    }
    wrong
}

/// The files of a module, each with how deep below the crate's root its own module is.
fn files_of<'a>(room: &str, module: &str, files: &'a [Source]) -> impl Iterator<Item = (&'a Source, usize)> {
    let folder = Path::new("crates").join(room).join("src").join(module);
    let single = folder.with_extension("rs");
    files.iter().filter(|file| has_extension(&file.path, "rs")).filter_map(move |file| {
        if file.path == single {
            return Some((file, 1));
        }
        let below = file.path.strip_prefix(&folder).ok()?;
        let depth = below.components().count() + usize::from(below.file_name()? != "mod.rs");
        Some((file, depth))
    })
}

/// The modules at the crate's root that a text names, each with its line: `crate::name`, `crate::{a::b, c}`, and as many
/// `super::` as lead to the root.
fn used_modules(text: &str, depth: usize) -> Vec<(usize, String)> {
    let up = "super::".repeat(depth);
    let mut used = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim_start().starts_with("//") {
            for root in ["crate::", up.as_str()] {
                for (at, _) in line.match_indices(root) {
                    let whole =
                        line.get(..at).is_some_and(|before| !before.ends_with(|c: char| c == ':' || is_word(c)));
                    let rest = text.get(offset + at + root.len()..).unwrap_or_default();
                    if whole {
                        let number = text.get(..offset).unwrap_or_default().lines().count() + 1;
                        used.extend(first_names(rest).into_iter().map(|name| (number, name)));
                    }
                }
            }
        }
        offset += line.len();
    }
    used
}

/// The first name of a path, or of each path in a group.
fn first_names(path: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| is_word(*c)).collect::<String>();
    let Some(group) = path.strip_prefix('{') else {
        return vec![word(path)];
    };
    let mut names = Vec::new();
    let (mut level, mut start) = (0_usize, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => level += 1,
            '}' if level == 0 => break,
            '}' => level -= 1,
            ',' if level == 0 => start = true,
            c if start && is_word(c) => {
                names.push(word(group.get(at..).unwrap_or_default()));
                start = false;
            }
            _ => {}
        }
    }
    names
}

/// Whether a line has this path as a path of its own: `tokio` is neither in `tokio_rustls::x` nor in `crate::tokio::x`.
fn mentions(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        let after = line.get(at + path.len()..).unwrap_or_default();
        // `::http::Request` begins at the root too.
        let before = before.strip_suffix("::").unwrap_or(before);
        let begins = !before.ends_with(is_word);
        let goes_on = after.starts_with("::") || (path.contains("::") && !after.starts_with(is_word));
        begins && goes_on
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn file(path: &str, text: &str) -> Source {
        Source { path: PathBuf::from(path), text: text.to_owned() }
    }

    fn map() -> Map {
        let rules = "```arrows\nauthority ->\nauthority/http -> domain, store\nauthority/store -> domain\n\
                     authority/domain ->\nauthority/domain !> tokio, std::fs\n```";
        Map::read(rules).unwrap()
    }

    fn wrong(path: &str, text: &str) -> Vec<String> {
        let mut files = vec![
            file("crates/authority/src/http/mod.rs", ""),
            file("crates/authority/src/store/mod.rs", ""),
            file("crates/authority/src/domain/mod.rs", ""),
        ];
        files.push(file(path, text));
        inside_crates(&map(), &files)
    }

    #[test]
    fn an_arrow_of_the_map_may_be_used_and_no_other() {
        assert_eq!(wrong("crates/authority/src/http/token.rs", "use crate::domain::grant;\n"), Vec::<String>::new());
        for text in [
            "use crate::http::token;\n",
            "fn f() { crate::http::token() }\n",
            "use super::super::http;\n",
            "use crate::{\n    domain::client,\n    http::{token, revoke},\n};\n",
            "pub use crate::{domain, http};",
        ] {
            assert_eq!(wrong("crates/authority/src/store/rows.rs", text).len(), 1, "{text}");
        }
        for text in ["// crate::http\n", "use super::domain;\n", "use other_crate::http;\n", "use crate::config;\n"] {
            assert_eq!(wrong("crates/authority/src/store/rows.rs", text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_path_that_must_be_absent_is_found_as_a_whole_word() {
        let found =
            wrong("crates/authority/src/domain/x.rs", "use tokio::time;\nuse std::fs;\nuse tokio_x::y;\n// std::fs\n");
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_dependency_without_an_arrow_or_behind_a_fence_is_found() {
        let rules = "```arrows\na -> b\nb ->\nrusqlite <- a\n```";
        let map = Map::read(rules).unwrap();
        let one = |room: &str, dependencies: &[&str]| Crate {
            room: room.to_owned(),
            folder: PathBuf::from("crates").join(room),
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
            roots: Vec::new(),
            package: format!("probity-{room}"),
        };
        let good = [one("a", &["probity-b", "rusqlite"]), one("b", &["serde"])];
        assert_eq!(between_crates(&map, &good), Vec::<String>::new());
        let bad = [one("a", &[]), one("b", &["probity-a", "rusqlite"])];
        assert_eq!(between_crates(&map, &bad).len(), 2);
        assert_eq!(between_crates(&map, &[one("a", &[]), one("b", &[]), one("c", &[])]).len(), 1);
    }
}
