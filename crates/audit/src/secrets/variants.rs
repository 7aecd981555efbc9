//! The bytes that a text may stand for: itself, or what it decodes to.

use crate::evidence::{base64, base64url, hex};

/// How a text was turned into a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// The text's own bytes.
    Text,
    /// Base64 with `+` and `/`.
    Base64,
    /// Base64url.
    Base64Url,
    /// Hex.
    Hex,
    /// The text and a line end, as `echo` writes it.
    Newline,
}

impl Encoding {
    /// The words for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "as text",
            Self::Base64 => "decoded from base64",
            Self::Base64Url => "decoded from base64url",
            Self::Hex => "decoded from hex",
            Self::Newline => "with a line end",
        }
    }
}

/// Calls `visit` with everything that a text may stand for, until it says to stop by `Some`.
pub fn each_variant<T>(text: &[u8], visit: &mut dyn FnMut(&[u8], Encoding) -> Option<T>) -> Option<T> {
    if let Some(found) = visit(text, Encoding::Text) {
        return Some(found);
    }
    // Decoding is tried only where it can succeed: most words of a list fall out at their first odd character.
    if text.len() < 4 {
        return None;
    }
    let (mut is_hex, mut is_standard, mut is_url) = (true, true, true);
    for byte in text {
        is_hex &= byte.is_ascii_hexdigit();
        is_standard &= byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        is_url &= byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=');
    }
    // One character over a multiple of four decodes to nothing.
    if !(is_hex || is_standard || is_url) || (text.len() % 4 == 1 && !is_hex) {
        return None;
    }
    let text = core::str::from_utf8(text).ok()?;
    let decoded = |bytes: Option<Vec<u8>>| bytes.filter(|bytes| !bytes.is_empty());
    if let Some(bytes) = decoded(if is_hex { hex(text) } else { None })
        && let Some(found) = visit(&bytes, Encoding::Hex)
    {
        return Some(found);
    }
    if let Some(bytes) = decoded(if is_standard { base64(text) } else { None }) {
        return visit(&bytes, Encoding::Base64);
    }
    let bytes = decoded(if is_url { base64url(text) } else { None })?;
    visit(&bytes, Encoding::Base64Url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(text: &str) -> Vec<(Vec<u8>, Encoding)> {
        let mut all = Vec::new();
        each_variant::<()>(text.as_bytes(), &mut |bytes, encoding| {
            all.push((bytes.to_vec(), encoding));
            None
        });
        all
    }

    #[test]
    fn a_text_is_tried_as_everything_that_it_may_stand_for() {
        assert_eq!(variants("se cret").len(), 1);
        assert_eq!(variants("deadbeef").len(), 3);
        assert_eq!(variants("deadbeef")[1], (vec![0xde, 0xad, 0xbe, 0xef], Encoding::Hex));
        assert_eq!(variants("-_8=")[1], (vec![0xfb, 0xff], Encoding::Base64Url));
        assert_eq!(variants("c2VjcmV0")[1], (b"secret".to_vec(), Encoding::Base64));
    }
}
