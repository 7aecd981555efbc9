//! DPoP (RFC 9449): nonces without storage, and the memory of proofs that were used.

mod nonce;
mod replay;

pub use nonce::{NONCE_SECONDS, Nonces};
pub use replay::{MAX_REMEMBERED, Replay, UsedProofs};

/// How old a proof may be, in seconds (RFC 9449 section 11.1).
pub const MAX_PROOF_AGE_SECONDS: u64 = 60;
