//! Issuer metadata, a file for each rule.

mod meta_01_issuer_mismatch;
mod meta_02_issuer_url;
mod meta_03_none_advertised;
mod meta_04_endpoints;
mod meta_05_token_in_authorization_response;
mod meta_06_password_grant;
mod meta_07_pkce;
mod meta_08_issuer_identification;
mod meta_09_no_way_to_end;
mod meta_10_no_sender_constraint;
mod meta_11_weak_algorithms;
mod meta_12_open_registration;
mod meta_13_contradictions;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &meta_01_issuer_mismatch::RULE,
    &meta_02_issuer_url::RULE,
    &meta_03_none_advertised::RULE,
    &meta_04_endpoints::RULE,
    &meta_05_token_in_authorization_response::RULE,
    &meta_06_password_grant::RULE,
    &meta_07_pkce::RULE,
    &meta_08_issuer_identification::RULE,
    &meta_09_no_way_to_end::RULE,
    &meta_10_no_sender_constraint::RULE,
    &meta_11_weak_algorithms::RULE,
    &meta_12_open_registration::RULE,
    &meta_13_contradictions::RULE,
];
