//! A text file: configuration, environment, lock file, log, OpenAPI description, source.

use crate::outcome::Place;

/// A text file, with what it seems to be.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// Its path, as the operator gave it.
    pub path: String,
    /// The text.
    pub text: String,
    /// What it seems to be.
    pub kind: FileKind,
}

/// What a text file seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Dependencies with their versions.
    Lock,
    /// Lines that a program wrote.
    Log,
    /// An OpenAPI description, in JSON or YAML.
    OpenApi,
    /// Configuration, environment, source code: anything that a person wrote.
    Config,
}

impl TextFile {
    /// A file; its name and its first lines say what it is.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let kind = FileKind::of(&path, &text);
        Self { path, text, kind }
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit(['/', '\\']).next().unwrap_or(&self.path)
    }

    /// The lines from 1, without those that are only a comment.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        let comment = |line: &str| ["#", "//", ";", "--", "* ", "/*"].iter().any(|start| line.starts_with(start));
        lines.filter(move |(_, line)| !comment(line))
    }

    /// The file as a place.
    pub fn place(&self) -> Place {
        Place::of(self.path.clone())
    }

    /// The number of the line that holds a byte.
    pub fn line_of(&self, byte: usize) -> usize {
        self.text.get(..byte).map_or(1, |before| before.matches('\n').count() + 1)
    }
}

impl FileKind {
    fn of(path: &str, text: &str) -> Self {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
        let lock =
            LOCK_FILES.contains(&name.as_str()) || (name.starts_with("requirements") && has_extension(&name, "txt"));
        let head = text.get(..text.len().min(2_000)).unwrap_or(text);
        if lock {
            Self::Lock
        } else if has_extension(&name, "log") || name.contains(".log.") || name == "access_log" || name == "syslog" {
            Self::Log
        } else if head.contains("\"openapi\"")
            || head.contains("\"swagger\"")
            || text.contains("\"openapi\":")
            || is_openapi_yaml(&name, text)
        {
            Self::OpenApi
        } else {
            Self::Config
        }
    }
}

/// The member `openapi`, or `swagger` before version 3, at the left edge of a YAML file (OpenAPI 3.1 section 4.8.1).
fn is_openapi_yaml(name: &str, text: &str) -> bool {
    let names = ["openapi:", "swagger:", "'openapi':"];
    (has_extension(name, "yaml") || has_extension(name, "yml"))
        && text.lines().any(|line| names.iter().any(|name| line.starts_with(name)))
}

fn has_extension(name: &str, extension: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// Names of files that list dependencies with their versions.
pub const LOCK_FILES: [&str; 14] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "cargo.lock",
    "poetry.lock",
    "pipfile.lock",
    "uv.lock",
    "composer.lock",
    "gemfile.lock",
    "go.sum",
    "go.mod",
    "pom.xml",
    "mix.lock",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_openapi_description_is_recognised_in_json_and_yaml() {
        for (path, text, kind) in [
            ("api.json", r#"{"openapi":"3.1.0"}"#, FileKind::OpenApi),
            ("api.yaml", "# ours\nopenapi: 3.1.0\n", FileKind::OpenApi),
            ("old.yml", "swagger: '2.0'\n", FileKind::OpenApi),
            ("compose.yaml", "services:\n  openapi: {}\n", FileKind::Config),
            ("notes.md", "openapi: a word\n", FileKind::Config),
        ] {
            assert_eq!(TextFile::new(path, text).kind, kind, "{path}");
        }
    }
}
