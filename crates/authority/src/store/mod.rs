//! The one place with SQL. A write is a value: a list of conditional statements that is applied whole or not at all.
//!
//! * [`Write`] says what is to change and what each statement expects; an expectation that fails comes back as a
//!   [`Conflict`], which is an outcome and not a fault.
//! * [`Store`] applies writes and answers queries; behind it is a small driver for each engine, and one SQL text for all.
//! * A file per concept holds the SQL of that concept.

mod audit_log;
mod clients;
mod codes;
mod consents;
mod device_codes;
mod document;
mod engine;
mod families;
mod guards;
mod keys;
mod log;
mod logout;
mod migrations;
mod pairwise;
mod postgres;
mod pushed_requests;
mod registration_tokens;
mod revocations;
mod sessions;
mod sqlite;
mod used_ids;
mod users;
mod value;
mod witness;
mod write;

pub(crate) use clients::{delete_client, disable_client, set_client_secret};
pub(crate) use codes::{drop_expired_codes, redeem_code};
pub(crate) use consents::{drop_consent, drop_consents_for, drop_consents_of, end_codes_between};
pub(crate) use device_codes::{
    deny_device, drop_expired_devices, end_devices_between, grant_device, note_poll, redeem_device,
};
pub(crate) use engine::{Applied, Opening, Site, Store};
pub use engine::{StoreError, WriteError};
pub(crate) use families::{drop_expired_families, revoke_family};
pub(crate) use guards::RegisteredGuard;
pub(crate) use keys::{StoredKey, add_sealed, delete_key, move_key, note_key, reseal};
pub(crate) use log::begin_log;
pub(crate) use logout::{LogoutNotice, drop_expired_session_clients};
pub(crate) use pairwise::add_pairwise_name;
pub(crate) use postgres::PostgresSite;
pub(crate) use pushed_requests::{drop_expired_pushed_requests, use_pushed_request};
pub(crate) use registration_tokens::{add_registration_token, drop_spent_registration_tokens, use_registration_token};
pub(crate) use revocations::drop_lapsed_revocations;
pub(crate) use sessions::{drop_expired_sessions, take_session_block};
pub(crate) use used_ids::{drop_expired_ids, use_once};
pub use write::Conflict;
pub(crate) use write::{Statement, Write};

use value::{Inconsistent, Row};

/// The term after the one that a row of `meta` holds.
fn next_term(row: Option<&Row>) -> Result<u64, Inconsistent> {
    let before = row.map(|row| row.text(0)).transpose()?.and_then(|text| text.parse::<u64>().ok());
    before.and_then(|term| term.checked_add(1)).ok_or(Inconsistent("the term is no number"))
}

#[cfg(test)]
mod damage;
#[cfg(test)]
mod tests;
