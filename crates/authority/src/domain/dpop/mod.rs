//! DPoP (RFC 9449): nonces without storage. The memory of proofs that were used is the verifier's.

mod nonce;

pub use nonce::{NONCE_SECONDS, Nonces};
