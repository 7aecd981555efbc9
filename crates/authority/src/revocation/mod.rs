//! The authority's side of revocation: the log of live records, the guards that follow it, and `enforced`.
//!
//! * [`Registry`] decides, without I/O, which guards may be accepting tokens.
//! * [`Conversation`] is one guard's connection as a plain value, without I/O either.
//! * [`Hub`] holds the live records, serves connections, and lets callers wait until a record is enforced.

mod conversation;
mod history;
mod hub;
mod registry;
mod snapshot;
mod stream;

pub use conversation::{Conversation, Ended, Turn};
pub use history::{History, MAX_EARLIER_LOGS};
pub use hub::{Enforcement, GuardStatus, Hub, MAX_KEPT_RECORDS};
pub use registry::{GuardKey, GuardState, MAX_GUARDS, Progress, REMEMBER, Registry, Timing, TooManyGuards};
pub use stream::StreamError;

#[cfg(test)]
mod tests;
