//! JSON Web Signatures (RFC 7515): bytes, signed.
//!
//! For tokens with claims see [`jwt`](crate::jwt), which builds on this.

mod compact;
mod header;
mod known;
mod sign;
mod verify;

pub(crate) use compact::Parts;
pub use header::Header;
pub(crate) use known::KnownHeaders;
pub(crate) use sign::sign_encoded;
pub use sign::{NewHeader, sign};
pub use verify::{UnknownKeyId, Verified, Verifier};
