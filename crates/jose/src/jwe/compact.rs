//! The compact serialization (RFC 7516 section 7.1).

use crate::error::Error;

/// The five parts of a compact JWE.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a str,
    pub(crate) encrypted_key: &'a str,
    pub(crate) iv: &'a str,
    pub(crate) ciphertext: &'a str,
    pub(crate) tag: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes a JWE apart. The parts are not decoded yet; that refuses all characters that do not belong there, dots
    /// included.
    pub(crate) fn split(token: &'a str) -> Result<Self, Error> {
        let mut rest = token;
        let mut next = || {
            let (part, after) = rest.split_once('.').ok_or(Error::NotCompactJwe)?;
            rest = after;
            Ok(part)
        };
        let (header, encrypted_key, iv) = (next()?, next()?, next()?);
        // From the end: the ciphertext is long, and is looked through when it is decoded.
        let (ciphertext, tag) = rest.rsplit_once('.').ok_or(Error::NotCompactJwe)?;
        Ok(Self { header, encrypted_key, iv, ciphertext, tag })
    }

    /// Tells what has too many parts from a JWE with another flaw, after it has been refused.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if self.ciphertext.contains('.') { Error::NotCompactJwe } else { error }
    }
}
