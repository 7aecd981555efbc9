//! A few bytes that need no memory of their own.

use zeroize::Zeroizing;

use super::algorithm::MAX_KEY_BYTES;
use crate::base64url;
use crate::error::Error;

/// Up to `N` bytes that anybody may see.
#[derive(Clone, Copy)]
pub(crate) struct Short<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

/// The bytes of a key, overwritten when dropped.
pub(crate) struct ShortSecret {
    bytes: Zeroizing<[u8; MAX_KEY_BYTES]>,
    length: usize,
}

impl<const N: usize> Short<N> {
    /// `length` bytes, filled by the caller.
    pub(crate) fn filled(length: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), Error>) -> Result<Self, Error> {
        let mut bytes = [0; N];
        fill(bytes.get_mut(..length).ok_or(Error::Crypto)?)?;
        Ok(Self { bytes, length })
    }

    /// A copy of some bytes.
    pub(crate) fn copied(from: &[u8]) -> Result<Self, Error> {
        Self::filled(from.len(), |bytes| {
            bytes.copy_from_slice(from);
            Ok(())
        })
    }

    /// The bytes of a base64url text, which must be `length`.
    pub(crate) fn decoded(text: &str, length: usize, wrong_length: Error) -> Result<Self, Error> {
        let mut bytes = [0; N];
        if base64url::decoded_len(text.len()) != length || length > N {
            // Said only of a text that is one.
            return Err(base64url::decode(text).err().unwrap_or(wrong_length));
        }
        let length = base64url::decode_into(text, &mut bytes)?.len();
        Ok(Self { bytes, length })
    }
}

impl<const N: usize> AsRef<[u8]> for Short<N> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl ShortSecret {
    /// `length` bytes, filled by the caller.
    pub(crate) fn filled(length: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), Error>) -> Result<Self, Error> {
        let mut secret = Self { bytes: Zeroizing::new([0; MAX_KEY_BYTES]), length };
        fill(secret.bytes.get_mut(..length).ok_or(Error::Crypto)?)?;
        Ok(secret)
    }

    /// A copy of some bytes.
    pub(crate) fn copied(from: &[u8]) -> Result<Self, Error> {
        Self::filled(from.len(), |bytes| {
            bytes.copy_from_slice(from);
            Ok(())
        })
    }

    pub(crate) const fn len(&self) -> usize {
        self.length
    }
}

impl AsRef<[u8]> for ShortSecret {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl AsMut<[u8]> for ShortSecret {
    fn as_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.length).unwrap_or_default()
    }
}
