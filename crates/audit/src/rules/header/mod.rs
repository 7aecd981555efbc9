//! Header parameters, a file for each rule.

mod call_back;
mod hdr_01_embedded_key;
mod hdr_02_key_set_url;
mod hdr_03_certificate_url;
mod hdr_04_embedded_certificate;
mod hdr_05_allow_list_bypass;
mod hdr_06_key_url_inside;
mod hdr_07_kid_path_traversal;
mod hdr_08_kid_sql_injection;
mod hdr_09_command_injection;
mod hdr_10_kid_object;
mod hdr_11_kid_fallback;
mod hdr_12_wrong_use;
mod hdr_13_malformed_header;
mod hdr_14_names_its_own_key;
mod hdr_15_header_leaks_internals;
mod hdr_16_claims_reach_a_sink;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &hdr_01_embedded_key::RULE,
    &hdr_02_key_set_url::RULE,
    &hdr_03_certificate_url::RULE,
    &hdr_04_embedded_certificate::RULE,
    &hdr_05_allow_list_bypass::RULE,
    &hdr_06_key_url_inside::RULE,
    &hdr_07_kid_path_traversal::RULE,
    &hdr_08_kid_sql_injection::RULE,
    &hdr_09_command_injection::RULE,
    &hdr_10_kid_object::RULE,
    &hdr_11_kid_fallback::RULE,
    &hdr_12_wrong_use::RULE,
    &hdr_13_malformed_header::RULE,
    &hdr_14_names_its_own_key::RULE,
    &hdr_15_header_leaks_internals::RULE,
    &hdr_16_claims_reach_a_sink::RULE,
];

pub(super) use hdr_13_malformed_header::malformed;
