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
    /// Takes a JWE apart. The parts are not decoded yet; that refuses all characters that do not belong there.
    pub(crate) fn split(token: &'a str) -> Result<Self, Error> {
        let mut rest = token;
        let mut next = || {
            let (part, after) = rest.split_once('.').ok_or(Error::NotCompactJwe)?;
            rest = after;
            Ok(part)
        };
        let (header, encrypted_key, iv) = (next()?, next()?, next()?);
        // From the end, so that no more than five parts are looked for.
        let (ciphertext, tag) = rest.rsplit_once('.').ok_or(Error::NotCompactJwe)?;
        if ciphertext.contains('.') {
            return Err(Error::NotCompactJwe);
        }
        Ok(Self { header, encrypted_key, iv, ciphertext, tag })
    }
}
