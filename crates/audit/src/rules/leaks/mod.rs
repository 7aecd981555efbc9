//! What a token tells its holder, a file for each rule.

mod leak_01_secret_in_token;
mod leak_02_personal_data;
mod leak_03_personal_data_in_cookie;
mod leak_04_internal_details;
mod leak_05_claims_in_jwe_header;
mod leak_06_explains_too_much;
mod leak_07_token_in_page;
mod leak_08_token_in_log;
mod leak_09_too_large;
mod leak_10_authorization_map;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &leak_01_secret_in_token::RULE,
    &leak_02_personal_data::RULE,
    &leak_03_personal_data_in_cookie::RULE,
    &leak_04_internal_details::RULE,
    &leak_05_claims_in_jwe_header::RULE,
    &leak_06_explains_too_much::RULE,
    &leak_07_token_in_page::RULE,
    &leak_08_token_in_log::RULE,
    &leak_09_too_large::RULE,
    &leak_10_authorization_map::RULE,
];
