//! Strings: where they end, and what their escapes mean (RFC 8259 section 7).

use super::Kind;
use crate::error::Error;

/// Whether a text has a backslash or a control character anywhere.
#[inline]
pub(super) fn has_escapes_or_controls(bytes: &[u8]) -> bool {
    // Blocks of fixed size without an early exit become vector instructions.
    let (blocks, rest) = bytes.as_chunks::<32>();
    let special = |byte: &u8| *byte == b'\\' || *byte < 0x20;
    blocks.iter().any(|block| block.iter().fold(false, |found, byte| found | special(byte))) || rest.iter().any(special)
}

/// How far it is to the next quote.
#[inline]
pub(super) fn length_to_quote(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let quotes = zero_bytes(u64::from_le_bytes(*word) ^ (ONES * QUOTE));
        if quotes != 0 {
            return Some(length + quotes.trailing_zeros() as usize / 8);
        }
        length += 8;
    }
    rest.iter().position(|byte| *byte == b'"').map(|more| length + more)
}

/// The kind and the length of a string that may have escapes, after its opening quote.
pub(super) fn length(bytes: &[u8]) -> Result<(Kind, usize), Error> {
    let mut kind = Kind::String;
    let mut at = 0;
    loop {
        at += plain_length(bytes.get(at..).unwrap_or_default());
        match bytes.get(at) {
            Some(b'"') => return Ok((kind, at)),
            Some(b'\\') => {
                kind = Kind::EscapedString;
                at += escape_length(bytes.get(at..).unwrap_or_default())?;
            }
            // The end of the text, or a control character (RFC 8259 section 7).
            _ => return Err(Error::JsonSyntax),
        }
    }
}

/// How many bytes at the start need no attention: no quote, no backslash, no control character.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    let mut length = 0;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return length + special.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    length + rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count()
}

/// The top bit of each byte that ends a plain run. Bits above the lowest one set may be wrong (a borrow), so that only
/// the lowest one counts.
const fn special_bytes(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20) & !word & TOPS;
    control | zero_bytes(word ^ (ONES * QUOTE)) | zero_bytes(word ^ (ONES * BACKSLASH))
}

/// The top bit of each zero byte, with the same reservation.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOPS
}

const ONES: u64 = u64::MAX / 255;
const QUOTE: u64 = 0x22;
const BACKSLASH: u64 = 0x5c;
const TOPS: u64 = ONES << 7;

/// The length of the escape that the bytes start with; of a surrogate pair, of both halves.
pub(super) fn escape_length(bytes: &[u8]) -> Result<usize, Error> {
    match bytes.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') => match unit(bytes).ok_or(Error::JsonSyntax)? {
            0xd800..=0xdbff => {
                // The text after half a pair may be no escape at all: the pair is broken either way.
                let low = bytes.get(6..).filter(|rest| rest.starts_with(b"\\u")).map(unit);
                match low {
                    Some(Some(0xdc00..=0xdfff)) => Ok(12),
                    Some(None) => Err(Error::JsonSyntax),
                    _ => Err(Error::JsonLoneSurrogate),
                }
            }
            0xdc00..=0xdfff => Err(Error::JsonLoneSurrogate),
            _ => Ok(6),
        },
        _ => Err(Error::JsonSyntax),
    }
}

/// The value of a string's text that has been checked.
pub(super) fn unescape(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_at_checked(rest.find('\\').unwrap_or(rest.len())) {
        value.push_str(plain);
        let bytes = escape.as_bytes();
        let Some(kind) = bytes.get(1) else { break };
        let length = escape_length(bytes).unwrap_or(2);
        value.push(match kind {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let units = [unit(bytes), bytes.get(6..12).and_then(unit)];
                let used = if length == 12 { 2 } else { 1 };
                let mut decoded = char::decode_utf16(units.into_iter().take(used).flatten());
                decoded.next().and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => char::from(*other),
        });
        rest = escape.get(length..).unwrap_or_default();
    }
    value
}

/// The UTF-16 unit of `\uXXXX`.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.get(2..6)?;
    digits.iter().try_fold(0_u16, |unit, digit| {
        let value = char::from(*digit).to_digit(16).and_then(|value| u16::try_from(value).ok())?;
        Some(unit << 4 | value)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn plain_runs_end_at_the_first_special_byte(bytes in proptest::collection::vec(prop_oneof![0x1e_u8..0x24, 0x5a_u8..0x5e, any::<u8>()], 0..90)) {
            let expected = bytes.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count();
            prop_assert_eq!(plain_length(&bytes), expected);
            prop_assert_eq!(length_to_quote(&bytes), bytes.iter().position(|byte| *byte == b'"'));
            prop_assert_eq!(has_escapes_or_controls(&bytes), bytes.iter().any(|byte| *byte < 0x20 || *byte == b'\\'));
        }

        #[test]
        fn unescaping_agrees_with_another_library(text: String) {
            let quoted = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescape(&quoted[1..quoted.len() - 1]), text);
        }
    }

    #[test]
    fn each_escape_has_its_meaning() {
        assert_eq!(unescape(r#"\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00."#), "\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1f600}.");
    }
}
