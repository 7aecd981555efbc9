//! `private_key_jwt`: the client signs a token about itself (RFC 7523, OpenID Connect Core 1.0 section 9).

use probity_jose::jwt;
use probity_verifier::clock::unix_now;
use serde::de::IgnoredAny;
use tracing::info;

use crate::authority::State;
use crate::domain::client::Client;
use crate::http::error::OAuthError;
use crate::http::request_object::{CLIENT_ALGORITHMS, CLIENT_LEEWAY};
use crate::store::{Conflict, Write, WriteError, use_once};

/// `client_assertion_type`.
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion may be good, in seconds: as long it must be remembered. Authlib makes them for an hour.
const MAX_ASSERTION_SECONDS: u64 = 3_600;

/// The longest `jti`, in bytes.
const MAX_JTI_BYTES: usize = 512;

/// Whose assertion this claims to be.
pub(super) fn issuer(assertion: &str) -> Option<String> {
    jwt::Unverified::parse(assertion).ok()?.issuer().map(str::to_owned)
}

impl State {
    /// Whether an assertion is the client's own, for this issuer and no other, and comes for the first time.
    pub(super) async fn accept_assertion(&self, client: &Client, assertion: &str) -> Result<bool, OAuthError> {
        let algorithms: Vec<_> = match client.metadata.token_endpoint_auth_signing_alg {
            Some(only) => vec![only.get()],
            None => CLIENT_ALGORITHMS.into(),
        };
        // Only the issuer: an assertion for the token endpoint's address, or for somebody else too, could have been given
        // to another server that plays it on (draft-ietf-oauth-rfc7523bis).
        let policy = jwt::Verifier::client_assertion().issuer(&client.id).only_audience(&self.issuer);
        let mut policy = policy.algorithms(algorithms);
        policy.leeway = CLIENT_LEEWAY;
        let now = unix_now();
        let verified = self.with_client_keys(client, |keys| policy.verify::<IgnoredAny>(assertion, keys, now)).await;
        let refused = |code: &'static str| {
            info!(code, client = client.id, "a client assertion was refused");
            Ok(false)
        };
        let verified = match verified {
            Ok(verified) => verified,
            Err(error) => return refused(error.code()),
        };
        let registered = verified.registered();
        let (Some(id), Some(expires)) = (&registered.jti, registered.exp) else {
            return refused("client.assertion_incomplete");
        };
        if id.len() > MAX_JTI_BYTES || expires.since(now) > MAX_ASSERTION_SECONDS {
            return refused("client.assertion_too_long");
        }
        // RFC 7523 section 3, item 7. Remembered over a restart too, until it would have expired anyway.
        let used = use_once("client_assertion", &[&client.id, id], expires.plus(CLIENT_LEEWAY.as_secs()));
        match self.store.apply(Write::from(used)).await {
            Ok(_) => Ok(true),
            Err(WriteError::Conflict(Conflict::Taken)) => refused("client.assertion_replayed"),
            Err(error) => Err(error.into()),
        }
    }
}
