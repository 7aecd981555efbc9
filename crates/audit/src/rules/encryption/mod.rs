//! Encryption, a file for each rule.

mod jwe_01_rsa1_5;
mod jwe_02_encrypted_for_signed;
mod jwe_03_unsigned_content;
mod jwe_04_weak_encryption_key;
mod jwe_05_compression;
mod jwe_06_invalid_curve;
mod jwe_07_tag_not_verified;
mod jwe_08_iv_reuse;
mod jwe_09_low_iteration_count;
mod jwe_10_one_key_for_both;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &jwe_01_rsa1_5::RULE,
    &jwe_02_encrypted_for_signed::RULE,
    &jwe_03_unsigned_content::RULE,
    &jwe_04_weak_encryption_key::RULE,
    &jwe_05_compression::RULE,
    &jwe_06_invalid_curve::RULE,
    &jwe_07_tag_not_verified::RULE,
    &jwe_08_iv_reuse::RULE,
    &jwe_09_low_iteration_count::RULE,
    &jwe_10_one_key_for_both::RULE,
];
