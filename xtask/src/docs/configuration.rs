//! The page of all configuration keys: the example files that the program has in it.

use super::probity;
use crate::Failure;

const HEAD: &str = "\
# Configuration

Every key of every configuration file, as `probity config example` prints them. A key that is commented out shows its
default, or an example where there is none. Unknown keys are refused. `probity config check FILE` checks a file without
starting anything. This page is written by `cargo xtask docs`.

";

/// The kinds of files, each with who reads it.
const KINDS: [(&str, &str); 3] = [
    ("serve", "The authority: `probity serve --config serve.toml`"),
    ("guard", "The guard: `probity guard --config guard.toml`"),
    ("admin", "The profile of an administrator: `probity admin --profile admin.toml`"),
];

/// The whole page.
pub(super) fn page() -> Result<String, Failure> {
    let sections = KINDS.iter().map(|(kind, title)| {
        let example = probity(&["config", "example", kind])?;
        Ok(format!("## {kind}.toml\n\n{title}\n\n```toml\n{}\n```\n\n", example.trim_end()))
    });
    let sections: String = sections.collect::<Result<_, Failure>>()?;
    Ok(HEAD.to_owned() + &sections)
}
