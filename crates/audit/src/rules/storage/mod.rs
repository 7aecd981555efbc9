//! Storage and transport, a file for each rule.

mod sto_01_cookie_without_secure;
mod sto_02_cookie_without_httponly;
mod sto_03_cookie_without_samesite;
mod sto_04_cookie_without_prefix;
mod sto_05_cookie_scope;
mod sto_06_persistent_cookie;
mod sto_07_web_storage;
mod sto_08_csrf;
mod sto_09_token_in_url;
mod sto_10_query_accepted;
mod sto_11_referer;
mod sto_12_plain_http;
mod sto_13_old_tls;
mod sto_14_hsts;
mod sto_15_cors;
mod sto_16_cacheable_token_response;
mod sto_17_csp;
mod sto_18_sent_to_another_host;
mod sto_19_several_carriers;
mod sto_20_storage_not_cleared;
mod sto_21_no_challenge;
mod sto_22_websocket;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &sto_01_cookie_without_secure::RULE,
    &sto_02_cookie_without_httponly::RULE,
    &sto_03_cookie_without_samesite::RULE,
    &sto_04_cookie_without_prefix::RULE,
    &sto_05_cookie_scope::RULE,
    &sto_06_persistent_cookie::RULE,
    &sto_07_web_storage::RULE,
    &sto_08_csrf::RULE,
    &sto_09_token_in_url::RULE,
    &sto_10_query_accepted::RULE,
    &sto_11_referer::RULE,
    &sto_12_plain_http::RULE,
    &sto_13_old_tls::RULE,
    &sto_14_hsts::RULE,
    &sto_15_cors::RULE,
    &sto_16_cacheable_token_response::RULE,
    &sto_17_csp::RULE,
    &sto_18_sent_to_another_host::RULE,
    &sto_19_several_carriers::RULE,
    &sto_20_storage_not_cleared::RULE,
    &sto_21_no_challenge::RULE,
    &sto_22_websocket::RULE,
];
