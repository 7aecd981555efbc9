//! Several services, issuers and kinds of token, a file for each rule.

mod xsv_01_id_token_accepted;
mod xsv_02_other_kind_accepted;
mod xsv_03_other_audience_accepted;
mod xsv_04_issuer_not_bound;
mod xsv_05_other_environment_accepted;
mod xsv_06_token_type;
mod xsv_07_dpop_as_bearer;
mod xsv_08_certificate_binding;
mod xsv_09_dpop_proof_checks;
mod xsv_10_client_as_user;
mod xsv_11_two_readers;
mod xsv_12_identity_header;

use crate::rule::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &xsv_01_id_token_accepted::RULE,
    &xsv_02_other_kind_accepted::RULE,
    &xsv_03_other_audience_accepted::RULE,
    &xsv_04_issuer_not_bound::RULE,
    &xsv_05_other_environment_accepted::RULE,
    &xsv_06_token_type::RULE,
    &xsv_07_dpop_as_bearer::RULE,
    &xsv_08_certificate_binding::RULE,
    &xsv_09_dpop_proof_checks::RULE,
    &xsv_10_client_as_user::RULE,
    &xsv_11_two_readers::RULE,
    &xsv_12_identity_header::RULE,
];
