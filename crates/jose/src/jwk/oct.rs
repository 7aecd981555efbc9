//! Secrets, `oct` (RFC 7518 section 6.4).

use aws_lc_rs::{constant_time, hmac};
use zeroize::Zeroizing;

use super::Members;
use crate::error::Error;
use crate::limits::MAX_SECRET_BYTES;

/// A secret that both sides share.
#[derive(Clone)]
pub(crate) struct OctKey(Zeroizing<Vec<u8>>);

impl OctKey {
    pub(super) fn read(members: Members<'_>) -> Result<Self, Error> {
        Self::new(members.secret("k")?.ok_or(Error::JwkMalformed)?)
    }

    /// A secret of any length but zero; each algorithm checks that it is long enough.
    pub(crate) fn new(secret: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        match secret.len() {
            0 => Err(Error::SecretTooShort),
            1..=MAX_SECRET_BYTES => Ok(Self(secret)),
            _ => Err(Error::SecretTooLong),
        }
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.0
    }

    /// RFC 7518 section 3.2: a key of the same size as the hash output or larger must be used.
    pub(super) fn check_long_enough(&self, hash: hmac::Algorithm) -> Result<(), Error> {
        if self.0.len() >= hash.tag_len() { Ok(()) } else { Err(Error::SecretTooShort) }
    }
}

impl PartialEq for OctKey {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}
