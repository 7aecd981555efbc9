//! Proofs of possession in the `DPoP` header: RFC 9449.

use std::sync::{Mutex, PoisonError};

use ::http::{HeaderMap, HeaderValue, Method};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use probity_jose::{Error, UnixTime, jwt};
use probity_verifier::clock::unix_now;
use probity_verifier::dpop::{MAX_PROOF_ID_BYTES, Replay, UsedProofs};
use tracing::{info, warn};

use super::Shared;
use super::error::OAuthError;
use super::request_object::{CLIENT_ALGORITHMS, CLIENT_LEEWAY};
use crate::authority;
use crate::domain::dpop::Nonces;

/// The header with a proof.
const PROOF: &str = "dpop";

/// The header with the nonce for the next proof.
const NONCE: &str = "dpop-nonce";

/// The state of proofs.
pub(crate) struct Dpop {
    nonces: Nonces,
    used: Mutex<UsedProofs>,
    /// Whether each proof needs a nonce.
    require_nonce: bool,
    /// An older proof may have been used in an earlier process.
    since: UnixTime,
}

impl Dpop {
    /// The state of a process that starts now.
    pub(crate) fn new(nonce_key: [u8; Nonces::BYTES], require_nonce: bool, since: UnixTime) -> Self {
        Self { nonces: Nonces::new(nonce_key), used: Mutex::default(), require_nonce, since }
    }

    /// The nonce that is given out.
    pub(super) fn current_nonce(&self, now: UnixTime) -> String {
        self.nonces.current(now)
    }
}

/// Where a proof is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProofFor<'a> {
    /// The endpoint's method.
    pub(super) method: &'a Method,
    /// The endpoint's path below the issuer.
    pub(super) path: &'static str,
    /// The access token that the proof comes with; none where tokens are asked for.
    pub(super) access_token: Option<&'a str>,
}

/// A proof that is good, and not used up yet.
pub(super) struct Proof(jwt::DpopProof);

impl authority::State {
    /// The proof of this request; nothing when it has none. What costs something or changes something comes after this, so
    /// that a client which only needs a nonce has lost nothing.
    ///
    /// # Errors
    /// A proof that is no good, or has no nonce.
    pub(super) fn read_proof(&self, headers: &HeaderMap, used: ProofFor<'_>) -> Result<Option<Proof>, OAuthError> {
        let mut proofs = headers.get_all(PROOF).iter();
        let Some(proof) = proofs.next() else {
            return Ok(None);
        };
        // RFC 9449 section 4.3, step 1.
        let proof = proof.to_str().ok().filter(|_| proofs.next().is_none());
        let proof = proof.ok_or(OAuthError::InvalidDpopProof("more than one proof, or one that is no text"))?;
        let verified = self.verify_proof(proof, used, unix_now())?;
        if verified.id().len() > MAX_PROOF_ID_BYTES {
            return Err(OAuthError::InvalidDpopProof("jti is too long"));
        }
        if !self.dpop.require_nonce && verified.issued() < self.dpop.since {
            return Err(OAuthError::InvalidDpopProof("the proof is older than this server's memory"));
        }
        Ok(Some(Proof(verified)))
    }

    /// Uses a proof up, and gives the thumbprint of the key that its sender has.
    ///
    /// # Errors
    /// It was used before, or that can't be known.
    pub(super) fn use_proof(&self, proof: Option<Proof>) -> Result<Option<String>, OAuthError> {
        let Some(Proof(proof)) = proof else {
            return Ok(None);
        };
        // RFC 9449 section 11.1.
        let mut memory = self.dpop.used.lock().unwrap_or_else(PoisonError::into_inner);
        match memory.use_up(proof.thumbprint(), proof.id(), unix_now()) {
            Replay::First => Ok(Some(proof.thumbprint().to_owned())),
            Replay::Again => {
                warn!(code = "dpop.replayed", "a DPoP proof came twice");
                Err(OAuthError::InvalidDpopProof("the proof was used"))
            }
            Replay::Full => {
                warn!(code = "dpop.memory_full", "the memory of DPoP proofs is full");
                Err(OAuthError::Busy)
            }
        }
    }

    fn verify_proof(&self, proof: &str, used: ProofFor<'_>, now: UnixTime) -> Result<jwt::DpopProof, OAuthError> {
        let mut verifier = jwt::DpopVerifier::new(CLIENT_ALGORITHMS);
        verifier.policy.leeway = CLIENT_LEEWAY;
        let verify = |base: &str, nonce: Option<&str>| {
            let uri = format!("{base}{}", used.path);
            let request =
                jwt::DpopRequest { method: used.method.as_str(), uri: &uri, access_token: used.access_token, nonce };
            verifier.verify(proof, &request, now)
        };
        let accepted = self.dpop.nonces.accepted(now);
        let nonces: Vec<_> = if self.dpop.require_nonce {
            accepted.iter().map(|nonce| Some(nonce.as_str())).collect()
        } else {
            vec![None]
        };
        let bases = std::iter::once(self.issuer.as_str()).chain(self.certified_base.as_deref());
        let mut outcome = Err(Error::WrongRequest);
        for base in bases {
            for nonce in &nonces {
                outcome = verify(base, *nonce);
                if !matches!(outcome, Err(Error::WrongNonce)) {
                    break;
                }
            }
            if !matches!(outcome, Err(Error::WrongRequest)) {
                break;
            }
        }
        outcome.map_err(|error| match error {
            Error::WrongNonce => OAuthError::UseDpopNonce,
            error => {
                info!(code = error.code(), "a DPoP proof was refused");
                OAuthError::InvalidDpopProof(
                    "the proof is malformed, not signed by its key, too old, or for another request",
                )
            }
        })
    }
}

/// Gives whoever sends proofs the nonce for the next one, whatever comes of this one (RFC 9449 section 8.2).
pub(super) async fn give_nonce(State(state): Shared, request: Request, next: Next) -> Response {
    let sends_proofs = request.headers().contains_key(PROOF);
    let mut response = next.run(request).await;
    if sends_proofs && let Ok(nonce) = HeaderValue::try_from(state.dpop.current_nonce(unix_now())) {
        response.headers_mut().insert(NONCE, nonce);
    }
    response
}

/// The value of `algs` in challenges, and of the metadata.
pub(super) fn algorithm_names() -> String {
    CLIENT_ALGORITHMS.map(probity_jose::SignatureAlgorithm::name).join(" ")
}
