//! The guard of Probity: it stands in front of an application and lets only verified requests pass.
//!
//! It verifies each request locally and knows of a revocation within milliseconds. While it can't know, it answers 503
//! and accepts nothing. [`Guard`] answers a proxy's forward-auth questions; [`bearer_token`] and [`admit`] are the
//! decision, without I/O.

pub mod config;
mod credentials;
mod decide;
mod forward_auth;
mod refusal;

pub use credentials::{MAX_TOKEN_BYTES, bearer_token};
pub use decide::{Requirements, admit, identity};
pub use forward_auth::{DRAIN, Guard, VERIFY_PATH};
pub use refusal::Refusal;
