//! Verify tokens locally and enforce revocations within milliseconds.

pub mod clock;
pub mod revocation;
