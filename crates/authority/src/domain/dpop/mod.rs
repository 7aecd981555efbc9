//! DPoP (RFC 9449): nonces without storage. The memory of proofs that were used is the verifier's.

mod nonce;

pub use nonce::{NONCE_SECONDS, Nonces};
pub use probity_verifier::dpop::{MAX_PROOF_AGE_SECONDS, MAX_REMEMBERED, Replay, UsedProofs};
