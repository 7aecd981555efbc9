//! The compact serialization (RFC 7515 section 7.1).

use super::header::Header;
use crate::base64url;
use crate::error::Error;

/// The three parts of a compact JWS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) signature: &'a str,
    /// Header and payload with the dot between them: what is signed (RFC 7515 section 5.1).
    pub(crate) signed: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes a token apart. The parts are not decoded yet; that refuses all characters that do not belong there, dots
    /// included.
    pub(crate) fn split(token: &'a str) -> Result<Self, Error> {
        let (header, rest) = token.split_once('.').ok_or(Error::NotCompact)?;
        let (payload, signature) = rest.rsplit_once('.').ok_or(Error::NotCompact)?;
        let signed = token.get(..header.len() + 1 + payload.len()).ok_or(Error::NotCompact)?;
        Ok(Self { header, payload, signature, signed })
    }

    /// Puts the signed bytes, in the form that the header says, into a buffer, whose content is lost.
    pub(crate) fn read_payload(&self, header: &Header, buffer: &mut Vec<u8>) -> Result<(), Error> {
        buffer.clear();
        if header.is_payload_encoded() {
            return base64url::decode_onto(self.payload, buffer);
        }
        check_plain_payload(self.payload)?;
        buffer.extend_from_slice(self.payload.as_bytes());
        Ok(())
    }

    /// Says of a token with too many parts that this is what is wrong, rather than what follows from it. They are
    /// counted only now: a good token need not be read once more for its dots.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let follows = matches!(error, Error::Base64Url | Error::BadSignature);
        if follows && self.payload.contains('.') { Error::NotCompact } else { error }
    }
}

/// RFC 7797 section 5.2: an unencoded payload in the compact serialization is printable and has no dot.
pub(super) fn check_plain_payload(payload: &str) -> Result<(), Error> {
    let fits = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'.';
    if payload.bytes().all(fits) { Ok(()) } else { Err(Error::NotCompact) }
}
