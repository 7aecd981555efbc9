//! JSON Web Signatures (RFC 7515): bytes, signed.
//!
//! For tokens with claims see [`jwt`](crate::jwt), which builds on this.

mod compact;
mod detached;
mod header;
mod json;
mod known;
mod sign;
mod verify;

pub(crate) use compact::Parts;
pub use detached::DetachedStream;
pub use header::Header;
pub(crate) use header::read_critical;
pub use json::{Required, VerifiedJson};
pub(crate) use known::KnownHeaders;
pub(crate) use sign::sign_with_header;
pub use sign::{NewHeader, NewSignature, sign, sign_detached, sign_flattened, sign_general};
pub(crate) use verify::verify_with;
pub use verify::{UnknownKeyId, Verified, VerifiedSignature, Verifier};
