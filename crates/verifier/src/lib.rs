//! Verify tokens locally and enforce revocations within milliseconds.
//!
//! A service starts [`Trust`] once and asks it about each token. Behind it, [`keys`] keeps the issuer's key set current
//! and [`revocation`] follows the authority's revocations; [`TokenVerifier`] is the decision, without I/O.

mod access_token;
mod cache;
pub mod clock;
mod fetch;
mod introspect;
mod issuer;
pub mod keys;
mod metadata;
pub mod revocation;
pub mod status_list;
mod trust;
mod verify;

pub use access_token::{AccessToken, STATUS_LIST_PATH, UnknownStatus};
pub use fetch::{FetchError, MAX_DOCUMENT_BYTES};
pub use introspect::{Introspection, IntrospectionClient};
pub use metadata::{Metadata, MetadataError};
pub use probity_jose::{JwkSet, SignatureAlgorithm, UnixTime};
pub use trust::{ForeignIssuer, Health, MAX_FOREIGN_ISSUERS, REMEMBERED_TOKENS, Trust, TrustConfig, TrustError};
pub use verify::{Freshness, ISSUED_AHEAD, Judged, Rejection, TokenVerifier, access_token_of_any_audience};
