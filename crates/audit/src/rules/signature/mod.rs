//! Signature and algorithm, a file for each rule.

mod sig_01_signature_not_verified;
mod sig_02_none_accepted;
mod sig_03_null_signature;
mod sig_04_key_confusion;
mod sig_05_algorithm_not_bound;
mod sig_06_unsecured_token;
mod sig_07_unregistered_algorithm;
mod sig_08_polymorphic_algorithm;
mod sig_09_zero_signature;
mod sig_10_truncated_signature;
mod sig_11_nonce_reuse;
mod sig_12_malleable_text;
mod sig_13_unknown_critical;
mod sig_14_unencoded_payload;
mod sig_15_json_serialization;
mod sig_16_duplicate_members;
mod sig_17_nested_not_verified;
mod sig_18_small_exponent_padding;
mod sig_19_token_ignored;
mod sig_20_hmac_across_trust_boundary;
mod sig_21_claims_before_signature;
mod sig_22_mac_comparison_time;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &sig_01_signature_not_verified::RULE,
    &sig_02_none_accepted::RULE,
    &sig_03_null_signature::RULE,
    &sig_04_key_confusion::RULE,
    &sig_05_algorithm_not_bound::RULE,
    &sig_06_unsecured_token::RULE,
    &sig_07_unregistered_algorithm::RULE,
    &sig_08_polymorphic_algorithm::RULE,
    &sig_09_zero_signature::RULE,
    &sig_10_truncated_signature::RULE,
    &sig_11_nonce_reuse::RULE,
    &sig_12_malleable_text::RULE,
    &sig_13_unknown_critical::RULE,
    &sig_14_unencoded_payload::RULE,
    &sig_15_json_serialization::RULE,
    &sig_16_duplicate_members::RULE,
    &sig_17_nested_not_verified::RULE,
    &sig_18_small_exponent_padding::RULE,
    &sig_19_token_ignored::RULE,
    &sig_20_hmac_across_trust_boundary::RULE,
    &sig_21_claims_before_signature::RULE,
    &sig_22_mac_comparison_time::RULE,
];

pub(super) use sig_12_malleable_text::variants as malleable_variants;
