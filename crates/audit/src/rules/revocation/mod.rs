//! Revocation and sessions, a file for each rule.

mod rev_01_works_after_logout;
mod rev_02_works_after_revocation;
mod rev_03_survives_password_change;
mod rev_04_survives_disabling;
mod rev_05_revoked_by_text;
mod rev_06_refresh_token_reused;
mod rev_07_family_survives;
mod rev_08_refresh_token_not_bound;
mod rev_09_refresh_without_end;
mod rev_10_latency;
mod rev_11_one_time_token_replayed;
mod rev_12_fails_open;
mod rev_13_no_means;
mod rev_14_role_removal;
mod rev_15_code_reuse;
mod rev_16_logout_token;
mod rev_17_session_lifetime;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &rev_01_works_after_logout::RULE,
    &rev_02_works_after_revocation::RULE,
    &rev_03_survives_password_change::RULE,
    &rev_04_survives_disabling::RULE,
    &rev_05_revoked_by_text::RULE,
    &rev_06_refresh_token_reused::RULE,
    &rev_07_family_survives::RULE,
    &rev_08_refresh_token_not_bound::RULE,
    &rev_09_refresh_without_end::RULE,
    &rev_10_latency::RULE,
    &rev_11_one_time_token_replayed::RULE,
    &rev_12_fails_open::RULE,
    &rev_13_no_means::RULE,
    &rev_14_role_removal::RULE,
    &rev_15_code_reuse::RULE,
    &rev_16_logout_token::RULE,
    &rev_17_session_lifetime::RULE,
];
