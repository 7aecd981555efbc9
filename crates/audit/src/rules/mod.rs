//! The rules, a file each, in a folder for each group.

mod claims;
mod cross_service;
mod encryption;
mod exhaustion;
pub(crate) mod header;
mod key_management;
mod keys;
mod leaks;
mod metadata;
mod operations;
pub(crate) mod prelude;
mod revocation;
pub(crate) mod signature;
mod storage;

use crate::evidence::Evidence;
use crate::rule::Rule;

/// Every rule, in the order of reports.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let groups = [
        signature::RULES,
        header::RULES,
        keys::RULES,
        claims::RULES,
        leaks::RULES,
        encryption::RULES,
        storage::RULES,
        revocation::RULES,
        key_management::RULES,
        metadata::RULES,
        exhaustion::RULES,
        cross_service::RULES,
        operations::RULES,
    ];
    groups.into_iter().flatten().copied()
}

/// The rule of this ID.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

/// Every key that was seen: name, type and size, use, where.
pub fn inventory(evidence: &Evidence) -> Vec<[String; 4]> {
    let row = |key: &crate::evidence::Key| {
        let usage = [key.usage(), key.alg()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        [key.kid().map_or_else(|| key.name(), str::to_owned), key.strength(), usage, key.place.to_string()]
    };
    evidence.keys().map(row).collect()
}
