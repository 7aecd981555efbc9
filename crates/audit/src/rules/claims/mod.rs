//! Claims, a file for each rule.

mod clm_01_no_expiry;
mod clm_02_expired_accepted;
mod clm_03_lifetime_too_long;
mod clm_04_absurd_times;
mod clm_05_ill_typed_expiry;
mod clm_06_not_before_ignored;
mod clm_07_issued_at;
mod clm_08_leeway_too_large;
mod clm_09_issuer_not_checked;
mod clm_10_audience_not_checked;
mod clm_11_audience_compared_loosely;
mod clm_12_subject;
mod clm_13_token_id;
mod clm_14_access_token_profile;
mod clm_15_nonce;
mod clm_16_authentication_strength;
mod clm_17_stale_authorization;
mod clm_18_too_wide;
mod clm_19_static_token;
mod clm_20_client_not_bound;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &clm_01_no_expiry::RULE,
    &clm_02_expired_accepted::RULE,
    &clm_03_lifetime_too_long::RULE,
    &clm_04_absurd_times::RULE,
    &clm_05_ill_typed_expiry::RULE,
    &clm_06_not_before_ignored::RULE,
    &clm_07_issued_at::RULE,
    &clm_08_leeway_too_large::RULE,
    &clm_09_issuer_not_checked::RULE,
    &clm_10_audience_not_checked::RULE,
    &clm_11_audience_compared_loosely::RULE,
    &clm_12_subject::RULE,
    &clm_13_token_id::RULE,
    &clm_14_access_token_profile::RULE,
    &clm_15_nonce::RULE,
    &clm_16_authentication_strength::RULE,
    &clm_17_stale_authorization::RULE,
    &clm_18_too_wide::RULE,
    &clm_19_static_token::RULE,
    &clm_20_client_not_bound::RULE,
];
