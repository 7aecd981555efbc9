//! The library from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod encrypt_and_decrypt;
mod encrypted_documents;
mod fixtures;
mod fuzz_corpus;
#[cfg(feature = "hpke-draft")]
mod hpke;
mod json_serialization;
mod keys;
mod profiles;
mod properties;
mod shared;
mod shared_jwe;
mod sign_and_verify;
mod tokens;
mod vectors;
