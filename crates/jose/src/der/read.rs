//! Reads DER values one after the other.

use super::tag;
use crate::error::Error;

/// What is left of a DER structure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The content of the next value, which must have this tag.
    pub(super) fn read(&mut self, expected: u8) -> Result<&'a [u8], Error> {
        self.read_if(expected).and_then(|content| content.ok_or(Error::Der))
    }

    /// The content of the next value if it has this tag.
    pub(super) fn read_if(&mut self, expected: u8) -> Result<Option<&'a [u8]>, Error> {
        match self.0.first() {
            Some(tag) if *tag == expected => {}
            _ => return Ok(None),
        }
        let (length, header) = length(self.0).ok_or(Error::Der)?;
        let end = header.checked_add(length).ok_or(Error::Der)?;
        let content = self.0.get(header..end).ok_or(Error::Der)?;
        self.0 = self.0.get(end..).unwrap_or_default();
        Ok(Some(content))
    }

    /// A reader for the inside of the next value.
    pub(super) fn enter(&mut self, expected: u8) -> Result<Self, Error> {
        self.read(expected).map(Self)
    }

    /// The next value with its tag and length.
    pub(super) fn read_whole(&mut self, expected: u8) -> Result<&'a [u8], Error> {
        let before = self.0;
        self.read(expected)?;
        before.get(..before.len() - self.0.len()).ok_or(Error::Der)
    }

    /// A positive integer, without the zero byte that keeps it positive.
    pub(super) fn positive(&mut self) -> Result<&'a [u8], Error> {
        let content = self.read(tag::INTEGER)?;
        match content {
            [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => Ok(rest),
            [1..0x80, ..] => Ok(content),
            _ => Err(Error::Der),
        }
    }

    /// A small integer: a version.
    pub(super) fn small(&mut self) -> Result<u8, Error> {
        match self.read(tag::INTEGER)? {
            [value @ 0..0x80] => Ok(*value),
            _ => Err(Error::Der),
        }
    }

    /// The content of a bit string of whole bytes.
    pub(super) fn bits(&mut self) -> Result<&'a [u8], Error> {
        self.read(tag::BIT_STRING)?.strip_prefix(&[0]).ok_or(Error::Der)
    }

    /// Checks that nothing follows.
    pub(super) const fn end(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Der) }
    }
}

/// The length of a value's content and of its tag and length bytes.
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.get(1..)? {
        [short @ ..=0x7f, ..] => Some((usize::from(short), 2)),
        [0x81, one, ..] if one >= 0x80 => Some((usize::from(one), 3)),
        [0x82, high, low, ..] if high > 0 => Some((usize::from(high) << 8 | usize::from(low), 4)),
        // Longer values occur in no key; indefinite and padded lengths are no DER.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(bytes: &[u8]) -> Result<usize, Error> {
        let mut reader = Reader::new(bytes);
        let content = reader.read(tag::OCTET_STRING)?;
        reader.end()?;
        Ok(content.len())
    }

    #[test]
    fn lengths_are_definite_and_as_short_as_possible() {
        assert_eq!(content(b"\x04\x00"), Ok(0));
        assert_eq!(content(b"\x04\x02ab"), Ok(2));
        assert_eq!(content(&[&b"\x04\x81\x80"[..], &[0; 128]].concat()), Ok(128));
        assert_eq!(content(&[&b"\x04\x82\x01\x00"[..], &[0; 256]].concat()), Ok(256));
        for bytes in [
            &b""[..],
            b"\x04",
            b"\x04\x80",
            b"\x04\x80ab\0\0",
            b"\x04\x02a",
            b"\x04\x02abc",
            b"\x04\x81\x02ab",
            b"\x04\x82\x00\x02ab",
            b"\x04\x84\x00\x00\x00\x02ab",
            b"\x04\xff",
            b"\x05\x02ab",
        ] {
            assert_eq!(content(bytes), Err(Error::Der), "{bytes:?}");
        }
    }

    #[test]
    fn integers_are_positive_and_without_superfluous_zeros() {
        let positive = |bytes: &[u8]| Reader::new(bytes).positive().map(<[u8]>::to_vec);
        assert_eq!(positive(b"\x02\x01\x7f"), Ok(vec![0x7f]));
        assert_eq!(positive(b"\x02\x02\x00\x80"), Ok(vec![0x80]));
        for bytes in [&b"\x02\x00"[..], b"\x02\x01\x00", b"\x02\x01\x80", b"\x02\x02\x00\x7f", b"\x02\x03\x00\x00\x80"]
        {
            assert_eq!(positive(bytes), Err(Error::Der), "{bytes:?}");
        }
    }
}
