//! What a live audit is given.

use std::net::IpAddr;
use std::sync::Arc;

use super::discriminator::AcceptWhen;
use super::listener::Listener;
use super::request::Target;
use super::scene::OtherToken;
use super::signer::Signer;

/// What a live audit needs.
#[derive(Debug)]
pub struct LiveOptions {
    /// The request.
    pub target: Target,
    /// Where the target's host is, instead of what DNS says: a machine that has not got its name yet.
    pub connect_to: Option<IpAddr>,
    /// A token that the endpoint accepts.
    pub token: String,
    /// What acceptance looks like, when it can't be learnt.
    pub accept_when: Vec<AcceptWhen>,
    /// Other tokens, which must be refused.
    pub others: Vec<OtherToken>,
    /// Keys that the operator supplies.
    pub supplies: Supplies,
    /// A second URL that takes the same token.
    pub second: Option<url::Url>,
    /// Certificate authorities to trust beside the system's, in PEM.
    pub authorities: Option<String>,
    /// How many requests may be sent in all.
    pub max_requests: usize,
    /// How many requests may be sent in a second.
    pub requests_per_second: u32,
    /// Where call-backs arrive, when they are permitted.
    pub listener: Option<Arc<Listener>>,
    /// Whether bounded probes of exhaustion are permitted.
    pub allow_dos_probe: bool,
    /// The audit's name for itself in tokens: something random.
    pub marker: String,
}

/// Keys that the operator supplies.
#[derive(Debug, Default)]
pub struct Supplies {
    /// A key that the endpoint trusts.
    pub signer: Option<Signer>,
    /// The private half of a key that is published for encryption.
    pub wrong_use_signer: Option<Signer>,
    /// The key of another issuer that the endpoint trusts.
    pub other_issuer_signer: Option<Signer>,
    /// The shared key that the endpoint decrypts with.
    pub encryption_secret: Option<Vec<u8>>,
    /// The private JWK that a DPoP-bound token is bound to.
    pub dpop_key: Option<String>,
}
