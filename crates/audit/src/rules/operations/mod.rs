//! Operation and configuration, a file for each rule.

mod ops_01_no_algorithm_list;
mod ops_02_claims_not_required;
mod ops_03_verification_off;
mod ops_04_tls_verification_off;
mod ops_05_flawed_library;
mod ops_06_debug_mode;
mod ops_07_fails_open;
mod ops_08_open_routes;
mod ops_09_clock;
mod ops_10_failures_not_logged;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &ops_01_no_algorithm_list::RULE,
    &ops_02_claims_not_required::RULE,
    &ops_03_verification_off::RULE,
    &ops_04_tls_verification_off::RULE,
    &ops_05_flawed_library::RULE,
    &ops_06_debug_mode::RULE,
    &ops_07_fails_open::RULE,
    &ops_08_open_routes::RULE,
    &ops_09_clock::RULE,
    &ops_10_failures_not_logged::RULE,
];
