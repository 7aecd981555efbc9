//! Randomness that must be fresh for each JWE: keys, initialization vectors and salts.

use super::short::{Short, ShortSecret};
use crate::error::Error;

/// Fills bytes from the operating system's generator.
#[expect(clippy::disallowed_methods, reason = "a caller who chose keys and vectors could choose one twice")]
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| Error::Crypto)
}

/// Some fresh bytes that anybody may see.
pub(crate) fn short<const N: usize>(length: usize) -> Result<Short<N>, Error> {
    Short::filled(length, fill)
}

/// Some fresh bytes that nobody may see.
pub(crate) fn secret(length: usize) -> Result<ShortSecret, Error> {
    ShortSecret::filled(length, fill)
}
