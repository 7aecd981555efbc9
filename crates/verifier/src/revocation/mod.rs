//! Revocation: the records, the guard's replica of them, and the protocol that keeps it current.

mod record;

pub use record::{MAX_IDENTIFIER_BYTES, Revocation, SESSION_LIST_SECONDS, SessionIndex, Target};
