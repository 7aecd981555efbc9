//! The rules that ARCHITECTURE.md states in code blocks of the kind `arrows`, so that the map can't differ from the land.
//!
//! ```arrows
//! guard -> verifier                  a crate, and the crates that it may use
//! authority/http -> domain, store    a module of a crate, and the modules beside it that it may use
//! rusqlite <- authority              a dependency, and the only crates that may name it
//! authority/domain !> tokio, std::fs a module, and paths that must not occur in it
//! ```

use std::collections::BTreeMap;

use crate::Failure;

type Rules = BTreeMap<String, Vec<String>>;

/// All rules.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Map {
    /// Crate, and the crates of the workspace that it may depend on.
    pub(super) crates: Rules,
    /// `crate/module`, and the modules beside it that it may use.
    pub(super) modules: Rules,
    /// A dependency, and the crates that may have it.
    pub(super) fences: Rules,
    /// `crate/module`, and paths that must not occur in it.
    pub(super) absences: Rules,
}

impl Map {
    /// Reads every `arrows` block of a Markdown text.
    pub(super) fn read(markdown: &str) -> Result<Self, Failure> {
        let mut map = Self::default();
        let mut inside = false;
        for line in markdown.lines() {
            match line.trim() {
                "```arrows" => inside = true,
                "```" => inside = false,
                "" => {}
                line if inside => map.add(line).ok_or(format!("ARCHITECTURE.md: this is no rule: {line}"))?,
                _ => {}
            }
        }
        if map.crates.is_empty() { Err("ARCHITECTURE.md has no arrows".to_owned()) } else { Ok(map) }
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let (from, arrow, to) =
            ["->", "<-", "!>"].iter().find_map(|arrow| line.split_once(arrow).map(|(from, to)| (from, *arrow, to)))?;
        let from = from.trim().to_owned();
        let to: Vec<String> =
            to.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        let rules = match (arrow, from.contains('/')) {
            ("->", false) => &mut self.crates,
            ("->", true) => &mut self.modules,
            ("<-", false) => &mut self.fences,
            ("!>", true) => &mut self.absences,
            _ => return None,
        };
        rules.entry(from).or_default().extend(to);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_from_arrow_blocks_only() {
        let text = "a -> b\n```arrows\na -> b, c\nb ->\na/x -> y\ndep <- a\na/x !> std::fs\n```\nc -> d\n";
        let map = Map::read(text).unwrap();
        assert_eq!(map.crates.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(map.crates["a"], ["b", "c"]);
        assert_eq!(map.modules["a/x"], ["y"]);
        assert_eq!(map.fences["dep"], ["a"]);
        assert_eq!(map.absences["a/x"], ["std::fs"]);
    }

    #[test]
    fn a_line_that_is_no_rule_is_an_error_and_so_is_a_map_without_rules() {
        assert!(Map::read("```arrows\nnonsense\n```").is_err());
        assert!(Map::read("no block").is_err());
    }
}
