//! The library from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod keys;
mod shared;
mod sign_and_verify;
mod tokens;
