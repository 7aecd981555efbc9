//! The guard of Probity: it stands in front of an application and lets only verified requests pass.
//!
//! It verifies each request locally and knows of a revocation within milliseconds. While it can't know, it answers 503
//! and accepts nothing, unless a rule says otherwise. [`Guard`] answers a proxy's forward-auth questions, [`proxy`] passes
//! requests on itself; [`decide()`] is the decision, without I/O.

pub mod browser;
mod certificate;
pub mod config;
mod cors;
mod decide;
mod envoy;
mod forward_auth;
mod limit;
mod metrics;
mod path;
mod peer;
pub mod proxy;
mod question;
mod refusal;
mod rule;

pub use certificate::{CertificateFormat, CertificateHeader, MAX_CERTIFICATE_HEADER_BYTES, Thumbprint};
pub use cors::{BadCors, Cors, MAX_PREFLIGHT_AGE};
pub use decide::{Decision, Pass, Policy, Verdict, decide, identity};
pub use envoy::{CHECK_PATH, GrpcBody};
pub use forward_auth::{DRAIN, FORWARD_AUTH_PATH, Guard, VERIFY_PATH};
pub use limit::{BadLimit, Limit, MAX_LIMIT_REQUESTS, MAX_LIMIT_SECONDS};
pub use path::{BadPath, MAX_PATH_BYTES, MAX_SEGMENTS, RoutePath};
pub use peer::{BadNetwork, Network};
pub use probity_verifier::{BadResource, MAX_TOKEN_BYTES, ResourceMetadata, bearer_token};
pub use question::{Convention, ITSELF_PREFIX, Question};
pub use refusal::Refusal;
pub use rule::{Access, BadPattern, Condition, MAX_OPEN, Pattern, Rule, Staleness};
