//! JWS, JWE, JWK and JWT: strict, fast and hard to misuse.
//!
//! * [`jwt`] verifies and makes tokens with claims: most callers need nothing else.
//! * [`jws`] verifies and makes signed bytes.
//! * [`jwe`] encrypts and decrypts bytes.
//! * [`jwk`] reads and writes keys; [`SigningKey`] and [`VerifyingKey`] are keys bound to one algorithm, prepared for use.
//! * [`limits`] names every limit on input, and [`Error`] every reason to refuse it.
//! * [`manual`] tells the known attacks, and what makes each of them impossible here.
//!
//! The library is pure: it reads no clock, file or socket, holds no global state, and has no feature that changes what
//! is accepted.

mod algorithm;
pub mod base64url;
mod der;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod json;
pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod jwt;
mod key;
pub mod limits;
pub mod manual;
mod time;

/// The size of an RSA key to be generated.
pub use aws_lc_rs::rsa::KeySize;

pub use algorithm::{AlgorithmSet, SignatureAlgorithm};
pub use error::{Error, Fault};
pub use jwk::JwkSet;
pub use key::{SigningKey, VerifyingKey};
pub use time::UnixTime;
