//! Verify tokens locally and enforce revocations within milliseconds.
//!
//! A service starts [`Trust`] once and asks it about each token. Behind it, [`keys`] keeps the issuer's key set current
//! and [`revocation`] follows the authority's revocations; [`TokenVerifier`] is the decision, without I/O.
//!
//! With the feature `tower` there is a layer that lets no request pass without a good token (`Protect`), with `axum` an
//! extractor for who calls (`Caller`) too.

mod access_token;
mod bearer;
mod cache;
#[cfg(feature = "axum")]
mod caller;
mod changes;
pub mod clock;
pub mod dpop;
mod fetch;
mod introspect;
mod issuer;
pub mod keys;
mod metadata;
#[cfg(feature = "tower")]
mod protect;
mod relying_party;
mod resource_metadata;
pub mod revocation;
pub mod status_list;
mod trust;
mod trust_config;
mod verify;

pub use access_token::{AccessToken, STATUS_LIST_PATH, UnknownStatus};
pub use bearer::{BadCredentials, Credentials, MAX_TOKEN_BYTES, Scheme, bearer_token, challenge, credentials};
#[cfg(feature = "axum")]
pub use caller::{Caller, NoCaller};
pub use changes::Changes;
pub use fetch::{FetchError, MAX_DOCUMENT_BYTES};
pub use introspect::{Introspection, IntrospectionClient};
pub use metadata::{Metadata, MetadataError};
pub use probity_jose::{JwkSet, SignatureAlgorithm, UnixTime};
#[cfg(feature = "tower")]
pub use protect::{Denial, Protect, Protected};
pub use relying_party::{ClientError, LoggedIn, LoggedOut, RelyingParty, TokenAnswer};
pub use resource_metadata::{BadResource, ResourceMetadata};
pub use trust::{ForeignIssuer, Health, MAX_FOREIGN_ISSUERS, REMEMBERED_TOKENS, Trust, TrustConfig, TrustError};
pub use verify::{Freshness, ISSUED_AHEAD, Judged, OwnTokens, Rejection, TokenVerifier};
