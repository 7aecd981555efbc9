//! Tokens that are bound to a key (DPoP, RFC 9449): the proof that whoever sends one holds its key.

mod replay;

use std::time::Duration;

use probity_jose::{SignatureAlgorithm, UnixTime, jwt};
use url::Url;

use crate::access_token::AccessToken;

pub use replay::{MAX_REMEMBERED, Replay, UsedProofs};

/// How old a proof may be, in seconds (RFC 9449 section 11.1).
pub const MAX_PROOF_AGE_SECONDS: u64 = 60;

/// How far the clocks of clients may be off, in seconds, on either side.
pub const PROOF_LEEWAY_SECONDS: u64 = 10;

/// For how long a proof can be good, in seconds, whatever the clocks: so long its use is remembered.
pub const PROOF_WINDOW_SECONDS: u64 = MAX_PROOF_AGE_SECONDS + 2 * PROOF_LEEWAY_SECONDS + 1;

/// The longest `jti` of a proof, in bytes.
pub const MAX_PROOF_ID_BYTES: usize = 512;

/// The algorithms with which clients may sign proofs.
pub const PROOF_ALGORITHMS: [SignatureAlgorithm; 8] = [
    SignatureAlgorithm::Es256,
    SignatureAlgorithm::Es384,
    SignatureAlgorithm::Es512,
    SignatureAlgorithm::EdDsa,
    SignatureAlgorithm::Ed25519,
    SignatureAlgorithm::Ps256,
    SignatureAlgorithm::Ps384,
    SignatureAlgorithm::Rs256,
];

/// Checks the proofs that come with access tokens (RFC 9449 section 7). Pure: whether a proof was used before is for
/// [`UsedProofs`] to say.
#[derive(Debug, Clone)]
pub struct ProofChecker {
    verifier: jwt::DpopVerifier,
    origins: Vec<String>,
}

/// A proof that is good. It counts only when it is used for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof(jwt::DpopProof);

/// A request that a proof must be for.
#[derive(Debug, Clone, Copy)]
pub struct ProvenRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
}

/// An address that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin is https://HOST or https://HOST:PORT; http only on this machine")]
pub struct BadOrigin;

impl ProofChecker {
    /// Checks proofs for what clients know by these origins: `https://api.example.org`.
    ///
    /// They are not taken from the request: its `Host` says what the sender wants.
    ///
    /// # Errors
    /// [`BadOrigin`]
    pub fn new(origins: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, BadOrigin> {
        let mut verifier = jwt::DpopVerifier::new(PROOF_ALGORITHMS);
        verifier.policy.leeway = Duration::from_secs(PROOF_LEEWAY_SECONDS);
        verifier.policy.max_age = Some(Duration::from_secs(MAX_PROOF_AGE_SECONDS));
        let origins = origins.into_iter().map(|text| origin(text.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { verifier, origins })
    }

    /// The proof for a token that came with a request; nothing when it does not prove that the sender holds the token's key.
    pub fn check(&self, proof: &str, token: &AccessToken, request: ProvenRequest<'_>, now: UnixTime) -> Option<Proof> {
        let bound = token.bound_key()?;
        let verify = |origin: &String| {
            let uri = format!("{origin}{}", request.target);
            let asked =
                jwt::DpopRequest { method: request.method, uri: &uri, access_token: Some(token.text()), nonce: None };
            self.verifier.verify(proof, &asked, now).ok()
        };
        let proof = self.origins.iter().find_map(verify)?;
        (proof.thumbprint() == bound && proof.id().len() <= MAX_PROOF_ID_BYTES).then_some(Proof(proof))
    }
}

impl Proof {
    /// When it was made, as its maker says.
    pub fn issued(&self) -> UnixTime {
        self.0.issued()
    }

    /// Uses it up.
    pub fn use_up(&self, used: &mut UsedProofs, now: UnixTime) -> Replay {
        used.use_up(self.0.thumbprint(), self.0.id(), now)
    }
}

impl Default for UsedProofs {
    fn default() -> Self {
        Self::new(PROOF_WINDOW_SECONDS, MAX_REMEMBERED)
    }
}

fn origin(text: &str) -> Result<String, BadOrigin> {
    let url = Url::parse(text).map_err(|_| BadOrigin)?;
    let is_local = url.scheme() == "http" && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let origin = url.origin().ascii_serialization();
    let is_bare = origin == text.trim_end_matches('/');
    if (url.scheme() == "https" || is_local) && is_bare { Ok(origin) } else { Err(BadOrigin) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_path_and_no_clear_text_beyond_this_machine() {
        for good in ["https://api.example", "https://api.example:8443", "https://api.example/", "http://localhost:3000"]
        {
            assert!(ProofChecker::new([good]).is_ok(), "{good}");
        }
        for bad in [
            "api.example",
            "http://api.example",
            "https://api.example/x",
            "https://u@api.example",
            "https://API.example",
        ] {
            assert_eq!(ProofChecker::new([bad]).err(), Some(BadOrigin), "{bad}");
        }
    }
}
