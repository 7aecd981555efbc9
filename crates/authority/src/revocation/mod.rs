//! The authority's side of revocation: the log of live records, the guards that follow it, and `enforced`.
//!
//! * [`registry`] decides, without I/O, which guards may be accepting tokens.
//! * [`Hub`] holds the live records and lets callers wait until one is enforced.
//! * `stream` serves one guard's connection.

mod hub;
pub mod registry;
mod stream;

pub use hub::{Enforcement, GuardStatus, Hub, MAX_KEPT_RECORDS};
pub use stream::StreamError;

#[cfg(test)]
mod tests;
