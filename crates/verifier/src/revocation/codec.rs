//! Big-endian reading and writing of the revocation formats. A reader never runs past its bytes.

use super::wire::MalformedFrame;

/// Reads fields from the front of a byte slice.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], MalformedFrame> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(MalformedFrame::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    pub(super) fn u8(&mut self) -> Result<u8, MalformedFrame> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, MalformedFrame> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, MalformedFrame> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, MalformedFrame> {
        self.array().map(u64::from_be_bytes)
    }

    /// A string: its length in two bytes, then UTF-8, at most `limit` bytes.
    pub(super) fn string(&mut self, limit: usize) -> Result<String, MalformedFrame> {
        let length = usize::from(self.u16()?);
        if length > limit {
            return Err(MalformedFrame::TooLong);
        }
        let (head, rest) = self.rest.split_at_checked(length).ok_or(MalformedFrame::Truncated)?;
        self.rest = rest;
        std::str::from_utf8(head).map(str::to_owned).map_err(|_| MalformedFrame::NotUtf8)
    }

    /// Refuses bytes left over.
    pub(super) const fn finish(&self) -> Result<(), MalformedFrame> {
        if self.rest.is_empty() { Ok(()) } else { Err(MalformedFrame::TrailingBytes) }
    }
}

/// Appends a string: its length in two bytes, then its bytes. Longer than the format allows is cut off by the caller's
/// limit check, never here.
pub(super) fn put_string(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    let bytes = text.as_bytes();
    out.extend_from_slice(bytes.get(..usize::from(length)).unwrap_or(bytes));
}
