//! The authority of Probity: OAuth 2.1 and OpenID Connect, sessions, keys, revocation.
//!
//! [`Authority`] is a running authority: it opens the store, keeps the keys and the guards, and answers HTTP requests.
//! Inside, `http` parses and answers, [`domain`] decides, `store` keeps, and [`revocation`] tells the guards.

mod authority;
#[cfg(feature = "bench")]
pub mod bench;
mod client_certificates;
mod client_documents;
mod client_keys;
pub mod config;
mod consent;
pub mod domain;
pub mod entropy;
mod http;
mod issue;
mod keys;
mod logout;
mod metrics;
mod moment;
mod outbound;
mod pages;
mod places;
pub mod revocation;
mod revoke;
mod store;

pub use authority::{Authority, StartError};
pub use client_certificates::client_certificate_verifier;
pub use domain::certificate::ClientCertificate;
pub use domain::master_key::{MalformedMasterKey, MasterKey};
pub use domain::secret;
pub use keys::KeyError;
pub use store::{Conflict, StoreError, WriteError};

#[cfg(test)]
mod postgres_server;
