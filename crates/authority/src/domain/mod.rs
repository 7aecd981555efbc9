//! Decisions, without I/O: what a request may do, what a token says, what a secret looks like.
//!
//! Time and randomness are arguments. What a decision changes is written down as a value and applied by the store.

pub mod access_token;
pub mod authorization;
pub mod client;
pub mod code;
pub mod family;
pub mod foreign;
pub mod id_token;
pub mod lifetimes;
pub mod master_key;
pub mod parameters;
pub mod password;
pub mod pkce;
pub mod revocation;
pub mod scope;
pub mod secret;
pub mod session;
pub mod user;
