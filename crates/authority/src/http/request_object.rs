//! `request`: an authorization request that its client has signed (RFC 9101).

use probity_jose::{Error, SignatureAlgorithm, UnixTime, jwt};
use probity_verifier::dpop::{PROOF_ALGORITHMS, PROOF_LEEWAY_SECONDS};
use serde_json::{Map, Value};

use crate::authority::State;
use crate::domain::algorithm::PublicAlgorithm;
use crate::domain::client::Client;
use crate::domain::parameters::Parameters;
use crate::domain::request_object::parameters_of;

/// The algorithms with which clients may sign what they send.
pub(super) const CLIENT_ALGORITHMS: [SignatureAlgorithm; 8] = PROOF_ALGORITHMS;

/// How far the clocks of clients may be off.
pub(super) const CLIENT_LEEWAY: std::time::Duration = std::time::Duration::from_secs(PROOF_LEEWAY_SECONDS);

/// Why a request object can't be used: `error` and `error_description`.
pub(super) type Refusal = (&'static str, &'static str);

impl State {
    /// The parameters in a request object of a client.
    pub(super) async fn read_request_object(
        &self,
        client: &Client,
        object: &str,
        now: UnixTime,
    ) -> Result<Parameters, Refusal> {
        let algorithms: Vec<_> = match client.metadata.request_object_signing_alg {
            Some(only) => vec![only.get()],
            None => CLIENT_ALGORITHMS.into(),
        };
        // RFC 9101 section 5.2 and 10.2: the client's own, for us, and not for ever.
        let mut policy =
            jwt::Verifier::request_object().issuer(&client.id).audience(&self.issuer).algorithms(algorithms);
        policy.leeway = CLIENT_LEEWAY;
        let verified =
            self.with_client_keys(client, |keys| policy.verify::<Map<String, Value>>(object, keys, now)).await;
        match verified {
            Ok(verified) => parameters_of(verified.claims())
                .ok_or(("invalid_request_object", "a claim of the request object can't be a parameter")),
            Err(Error::AlgorithmNone) => Err(("request_not_supported", "request objects have to be signed")),
            Err(_) => Err((
                "invalid_request_object",
                "the request object is not signed by the client for this issuer, has expired, or lacks a claim",
            )),
        }
    }
}

/// The names of the algorithms, for the metadata.
pub(super) fn algorithm_names() -> Vec<&'static str> {
    CLIENT_ALGORITHMS.into_iter().filter_map(PublicAlgorithm::new).map(PublicAlgorithm::name).collect()
}
