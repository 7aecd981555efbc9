//! Decisions, without I/O: what a request may do, what a token says, what a secret looks like.
//!
//! Time and randomness are arguments. What a decision changes is written down as a value and applied by the store.

pub mod access_token;
pub mod algorithm;
pub mod audit_log;
pub mod authentication;
pub mod authorization;
pub mod certificate;
pub mod claims;
pub mod client;
pub mod code;
pub mod confirmation;
pub mod consent;
pub mod device;
pub mod dpop;
pub mod family;
pub mod foreign;
pub mod grant;
pub mod id_token;
pub mod key_rotation;
pub mod lifetimes;
pub mod logout;
pub mod master_key;
pub mod opaque_token;
pub mod parameters;
pub mod password;
pub mod pkce;
pub mod pushed_request;
pub mod refusals;
pub mod request_object;
pub mod resource;
pub mod revocation;
pub mod role;
pub mod scope;
mod seconds;
pub mod secret;
pub mod server_secret;
pub mod session;
pub mod throttle;
pub mod ticket;
pub mod token_exchange;
pub mod user;
