//! Exhaustion, a file for each rule.

mod dos_01_pbes2_count;
mod dos_02_decompression;
mod dos_03_no_size_limit;
mod dos_04_deep_json;
mod dos_05_many_separators;
mod dos_06_fetch_for_each_kid;
mod dos_07_huge_key;
mod dos_08_many_signatures;
mod dos_09_no_throttling;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &dos_01_pbes2_count::RULE,
    &dos_02_decompression::RULE,
    &dos_03_no_size_limit::RULE,
    &dos_04_deep_json::RULE,
    &dos_05_many_separators::RULE,
    &dos_06_fetch_for_each_kid::RULE,
    &dos_07_huge_key::RULE,
    &dos_08_many_signatures::RULE,
    &dos_09_no_throttling::RULE,
];
