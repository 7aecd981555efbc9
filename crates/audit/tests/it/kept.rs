//! Texts that are kept in the repository and written by tests.

use std::path::Path;

/// Compares a text with `docs/NAME`, or renews it when `PROBITY_KEEP` is set.
pub(crate) fn compare(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("PROBITY_KEEP").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "docs/{name} is stale: run the test with PROBITY_KEEP=1");
}
