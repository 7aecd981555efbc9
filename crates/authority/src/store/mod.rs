//! The one place with SQL. A write is a value: a list of conditional statements that is applied whole or not at all.
//!
//! * [`Write`] says what is to change and what each statement expects; an expectation that fails comes back as a
//!   [`Conflict`], which is an outcome and not a fault.
//! * [`Store`] applies writes and answers queries. Its writer gives many callers' writes one commit.
//! * A file per concept holds the SQL of that concept.

mod clients;
mod codes;
mod families;
mod guards;
mod keys;
mod migrations;
mod revocations;
mod sessions;
mod sqlite;
mod users;
mod value;
mod write;

pub(crate) use codes::{drop_expired_codes, redeem_code};
pub(crate) use families::drop_expired_families;
pub(crate) use guards::RegisteredGuard;
pub(crate) use keys::{KeyState, StoredKey, add_sealed, move_key};
pub(crate) use revocations::drop_lapsed_revocations;
pub(crate) use sessions::{drop_expired_sessions, take_session_block};
pub(crate) use sqlite::{Opening, Store};
pub use sqlite::{StoreError, WriteError};
pub use write::Conflict;
pub(crate) use write::Write;

#[cfg(test)]
mod tests;
