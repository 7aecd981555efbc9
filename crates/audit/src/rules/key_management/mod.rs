//! Published keys and their rotation, a file for each rule.

mod km_01_private_parts_published;
mod km_02_secret_published;
mod km_03_key_ids;
mod km_04_key_without_algorithm;
mod km_05_key_use;
mod km_06_never_rotated;
mod km_07_no_overlap;
mod km_08_withdrawn_key;
mod km_09_key_set_transport;
mod km_10_cache_time;
mod km_11_ill_formed_key;
mod km_12_certificate;
mod km_13_reused_key_id;
mod km_14_key_set_outage;
mod km_15_dead_keys;
mod km_16_inventory;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &km_01_private_parts_published::RULE,
    &km_02_secret_published::RULE,
    &km_03_key_ids::RULE,
    &km_04_key_without_algorithm::RULE,
    &km_05_key_use::RULE,
    &km_06_never_rotated::RULE,
    &km_07_no_overlap::RULE,
    &km_08_withdrawn_key::RULE,
    &km_09_key_set_transport::RULE,
    &km_10_cache_time::RULE,
    &km_11_ill_formed_key::RULE,
    &km_12_certificate::RULE,
    &km_13_reused_key_id::RULE,
    &km_14_key_set_outage::RULE,
    &km_15_dead_keys::RULE,
    &km_16_inventory::RULE,
];
