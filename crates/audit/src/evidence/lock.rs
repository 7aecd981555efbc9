//! Packages and their versions in lock files, by the simplest reading of each form.

use super::file::TextFile;
use super::json::Json;

/// A package at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// The package, in lower case.
    pub package: String,
    /// The version.
    pub version: String,
    /// The line, from 1.
    pub line: usize,
}

/// What a lock file pins.
pub fn locked_versions(file: &TextFile) -> Vec<Locked> {
    let name = file.name().to_ascii_lowercase();
    match name.as_str() {
        "package-lock.json" | "npm-shrinkwrap.json" => npm(file),
        "composer.lock" => listed(file, &["packages", "packages-dev"]),
        "pipfile.lock" => pipfile(file),
        "yarn.lock" => yarn(file),
        "pnpm-lock.yaml" => pnpm(file),
        "cargo.lock" | "poetry.lock" | "uv.lock" => toml_like(file),
        "gemfile.lock" => gemfile(file),
        "go.sum" | "go.mod" => pairs(file, ' '),
        "pom.xml" => maven(file),
        _ => requirements(file),
    }
}

fn locked(file: &TextFile, package: &str, version: &str, mark: &str) -> Locked {
    let line = file.text.find(mark).map_or(1, |at| file.line_of(at));
    Locked { package: package.to_ascii_lowercase(), version: version.trim_start_matches(['=', 'v']).to_owned(), line }
}

fn npm(file: &TextFile) -> Vec<Locked> {
    let Some(json) = Json::parse(&file.text) else { return Vec::new() };
    let mut found = Vec::new();
    for (path, entry) in
        json.get("packages").or_else(|| json.get("dependencies")).map(Json::members).unwrap_or_default()
    {
        let package = path.rsplit("node_modules/").next().unwrap_or(path);
        if let Some(version) = entry.text("version").filter(|_| !package.is_empty()) {
            found.push(locked(file, package, version, &format!("\"{path}\"")));
        }
    }
    found
}

fn listed(file: &TextFile, lists: &[&str]) -> Vec<Locked> {
    let Some(json) = Json::parse(&file.text) else { return Vec::new() };
    let entries = lists.iter().filter_map(|list| json.get(list)).flat_map(Json::elements);
    entries.filter_map(|one| Some(locked(file, one.text("name")?, one.text("version")?, one.text("name")?))).collect()
}

fn pipfile(file: &TextFile) -> Vec<Locked> {
    let Some(json) = Json::parse(&file.text) else { return Vec::new() };
    let entries = ["default", "develop"].iter().filter_map(|list| json.get(list)).flat_map(Json::members);
    entries.filter_map(|(name, one)| Some(locked(file, name, one.text("version")?, name))).collect()
}

fn yarn(file: &TextFile) -> Vec<Locked> {
    let mut found = Vec::new();
    let mut package = String::new();
    for (at, line) in file.text.lines().enumerate() {
        if !line.starts_with([' ', '#']) && line.ends_with(':') {
            let first = line.trim_matches(['"', ':']).split(',').next().unwrap_or_default().trim_matches('"');
            first.rsplit_once('@').map_or(first, |(name, _)| name).clone_into(&mut package);
        } else if let Some(version) = line.trim().strip_prefix("version").filter(|_| !package.is_empty()) {
            let version = version.trim_matches([' ', ':', '"']);
            found.push(Locked { package: package.to_ascii_lowercase(), version: version.to_owned(), line: at + 1 });
            package.clear();
        }
    }
    found
}

fn pnpm(file: &TextFile) -> Vec<Locked> {
    let keys = file.text.lines().enumerate().filter_map(|(at, line)| {
        let key = line.strip_prefix("  ")?.trim_end().strip_suffix(':')?.trim_matches(['\'', '"', '/']);
        let (package, version) = key.split('(').next()?.rsplit_once('@')?;
        let plain = version.starts_with(|c: char| c.is_ascii_digit()) && !package.is_empty();
        plain.then(|| Locked { package: package.to_ascii_lowercase(), version: version.to_owned(), line: at + 1 })
    });
    keys.collect()
}

fn toml_like(file: &TextFile) -> Vec<Locked> {
    let mut found = Vec::new();
    let mut package = String::new();
    for (at, line) in file.text.lines().enumerate() {
        let value = |prefix: &str| line.strip_prefix(prefix).map(|rest| rest.trim_matches([' ', '=', '"']).to_owned());
        if let Some(name) = value("name =") {
            package = name;
        } else if let Some(version) = value("version =").filter(|_| !package.is_empty()) {
            found.push(Locked { package: core::mem::take(&mut package).to_ascii_lowercase(), version, line: at + 1 });
        }
    }
    found
}

fn gemfile(file: &TextFile) -> Vec<Locked> {
    let lines = file.text.lines().enumerate().filter_map(|(at, line)| {
        let (name, version) = line.strip_prefix("    ")?.split_once(" (")?;
        let version = version.strip_suffix(')')?;
        let plain = !name.starts_with(' ') && version.starts_with(|c: char| c.is_ascii_digit());
        plain.then(|| Locked { package: name.to_ascii_lowercase(), version: version.to_owned(), line: at + 1 })
    });
    lines.collect()
}

fn pairs(file: &TextFile, between: char) -> Vec<Locked> {
    let lines = file.text.lines().enumerate().filter_map(|(at, line)| {
        let mut words = line.trim().trim_start_matches("require ").split(between);
        let (package, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        let version = version.split('/').next()?;
        package.contains('/').then(|| Locked {
            package: package.to_ascii_lowercase(),
            version: version.to_owned(),
            line: at + 1,
        })
    });
    lines.collect()
}

fn maven(file: &TextFile) -> Vec<Locked> {
    let inside = |text: &str, tag: &str| -> Option<String> {
        let start = text.find(&format!("<{tag}>"))? + tag.len() + 2;
        let rest = text.get(start..)?;
        rest.get(..rest.find("</")?).map(|value| value.trim().to_owned())
    };
    let dependencies = file.text.split("<dependency>").skip(1).filter_map(|one| {
        let package = format!("{}:{}", inside(one, "groupId")?, inside(one, "artifactId")?);
        let version = inside(one, "version")?;
        let mark = inside(one, "artifactId")?;
        Some(locked(file, &package, &version, &mark))
    });
    dependencies.collect()
}

fn requirements(file: &TextFile) -> Vec<Locked> {
    let lines = file.lines().filter_map(|(line, text)| {
        let (package, version) = text.split_once("==")?;
        let package = package.split('[').next()?.trim();
        let version = version.split([' ', ';', '\\']).next()?.trim();
        Some(Locked { package: package.to_ascii_lowercase(), version: version.to_owned(), line })
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_every_form() {
        for (name, text, package) in [
            ("package-lock.json", r#"{"packages":{"":{},"node_modules/jose":{"version":"2.0.5"}}}"#, "jose"),
            ("yarn.lock", "jose@^2.0.0, jose@2:\n  version \"2.0.5\"\n", "jose"),
            ("pnpm-lock.yaml", "packages:\n  jose@2.0.5:\n    resolution: {}\n", "jose"),
            ("Cargo.lock", "[[package]]\nname = \"jose\"\nversion = \"2.0.5\"\n", "jose"),
            ("poetry.lock", "[[package]]\nname = \"Jose\"\nversion = \"2.0.5\"\n", "jose"),
            ("Pipfile.lock", r#"{"default":{"jose":{"version":"==2.0.5"}}}"#, "jose"),
            ("composer.lock", r#"{"packages":[{"name":"a/jose","version":"v2.0.5"}]}"#, "a/jose"),
            ("Gemfile.lock", "GEM\n  specs:\n    jose (2.0.5)\n      other (>= 1)\n", "jose"),
            ("go.sum", "github.com/a/jose v2.0.5 h1:x=\n", "github.com/a/jose"),
            ("requirements.txt", "# x\njose[crypto]==2.0.5 ; python_version > '3'\n", "jose"),
            (
                "pom.xml",
                "<dependency><groupId>a</groupId><artifactId>jose</artifactId><version>2.0.5</version></dependency>",
                "a:jose",
            ),
        ] {
            let found = locked_versions(&TextFile::new(name, text));
            assert_eq!(found.len(), 1, "{name}: {found:?}");
            assert_eq!((found[0].package.as_str(), found[0].version.as_str()), (package, "2.0.5"), "{name}");
        }
    }
}
