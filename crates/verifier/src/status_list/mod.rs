//! Token Status Lists (draft-ietf-oauth-status-list): what others can read of revoked sessions, and how to read theirs.
//!
//! * [`StatusList`] is the list itself: statuses of one, two, four or eight bits, compressed for the wire.
//! * [`StatusListToken`] is the list signed, a JWT of type `statuslist+jwt`.
//! * [`StatusLists`] keeps the lists of another issuer, but only those that are allowed.

mod list;
mod lists;
mod token;

pub use list::{Bits, MAX_STATUS_LIST_BYTES, MalformedStatusList, Status, StatusList};
pub use lists::{MAX_STATUS_LIST_TOKEN_BYTES, StatusListError, StatusLists, StatusReference};
pub use token::{MEDIA_TYPE, StatusListToken, TOKEN_TYPE};
