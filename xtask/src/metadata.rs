//! What Cargo says of the workspace's crates.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::Failure;
use crate::process::{cargo, output, root};

/// One crate of the workspace.
#[derive(Debug)]
pub(crate) struct Crate {
    /// The name of its folder, which is how ARCHITECTURE.md calls it.
    pub(crate) room: String,
    /// The folder of its Cargo.toml.
    pub(crate) folder: PathBuf,
    /// Every crate that its Cargo.toml names, for whatever purpose.
    pub(crate) dependencies: BTreeSet<String>,
    /// The root files of its library, binaries and tests.
    pub(crate) roots: Vec<PathBuf>,
    /// Its package's name.
    pub(crate) package: String,
}

/// Every crate of the workspace, as its Cargo.toml has it.
pub(crate) fn crates() -> Result<Vec<Crate>, Failure> {
    let text = output(cargo().args(["metadata", "--no-deps", "--format-version=1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
    list(&metadata, "packages").map(read).collect()
}

fn read(package: &Value) -> Result<Crate, Failure> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let manifest = text(package, "manifest_path").map(PathBuf::from);
    let folder = manifest.as_deref().and_then(|path| path.parent()).ok_or("cargo metadata: a package has no folder")?;
    Ok(Crate {
        room: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        folder: folder.strip_prefix(root()).unwrap_or(folder).to_owned(),
        dependencies: list(package, "dependencies").filter_map(|dependency| text(dependency, "name")).collect(),
        roots: list(package, "targets").filter_map(|target| text(target, "src_path")).map(PathBuf::from).collect(),
        package: text(package, "name").unwrap_or_default(),
    })
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}
