//! Keys bound to a purpose: one algorithm, one direction, prepared for use.

mod export;
mod signing;
mod verifying;

pub use signing::SigningKey;
pub use verifying::VerifyingKey;
