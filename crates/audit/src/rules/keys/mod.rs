//! Keys and secrets, a file for each rule.

mod key_01_public_secret;
mod key_02_derived_secret;
mod key_03_brute_force;
mod key_04_empty_secret;
mod key_05_common_secret;
mod key_06_short_hmac_key;
mod key_07_low_entropy;
mod key_08_small_rsa_modulus;
mod key_09_rsa_below_128_bits;
mod key_10_bad_exponent;
mod key_11_roca;
mod key_12_close_primes;
mod key_13_small_factors;
mod key_14_shared_prime;
mod key_15_broken_generator;
mod key_16_published_private_key;
mod key_17_small_private_exponent;
mod key_18_patterned_modulus;
mod key_19_invalid_point;
mod key_20_low_order_point;
mod key_21_curve_mismatch;
mod key_22_key_in_two_places;
mod key_23_tls_key;
mod key_24_key_material_in_files;
mod key_25_post_quantum_inventory;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &key_01_public_secret::RULE,
    &key_02_derived_secret::RULE,
    &key_03_brute_force::RULE,
    &key_04_empty_secret::RULE,
    &key_05_common_secret::RULE,
    &key_06_short_hmac_key::RULE,
    &key_07_low_entropy::RULE,
    &key_08_small_rsa_modulus::RULE,
    &key_09_rsa_below_128_bits::RULE,
    &key_10_bad_exponent::RULE,
    &key_11_roca::RULE,
    &key_12_close_primes::RULE,
    &key_13_small_factors::RULE,
    &key_14_shared_prime::RULE,
    &key_15_broken_generator::RULE,
    &key_16_published_private_key::RULE,
    &key_17_small_private_exponent::RULE,
    &key_18_patterned_modulus::RULE,
    &key_19_invalid_point::RULE,
    &key_20_low_order_point::RULE,
    &key_21_curve_mismatch::RULE,
    &key_22_key_in_two_places::RULE,
    &key_23_tls_key::RULE,
    &key_24_key_material_in_files::RULE,
    &key_25_post_quantum_inventory::RULE,
];
