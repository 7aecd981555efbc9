//! Numbers (RFC 8259 section 6), within what a double can hold (RFC 7493 section 2.2).

use super::Kind;

/// A number's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Unsigned(u64),
    Negative(i64),
    /// With a fraction or an exponent, or too large for 64 bits.
    Float(f64),
}

/// A number of at most this many characters without an exponent is surely finite.
pub(super) const SURELY_FINITE: usize = 300;

/// How long the number is that the bytes start with, and whether it is an integer.
#[inline]
pub(super) fn length(bytes: &[u8]) -> Option<(usize, Kind)> {
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let mut end = after_digits(bytes, sign)?;
    if end > sign + 1 && bytes.get(sign) == Some(&b'0') {
        return None;
    }
    let mut kind = Kind::Integer;
    if bytes.get(end) == Some(&b'.') {
        end = after_digits(bytes, end + 1)?;
        kind = Kind::Number;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end = after_digits(bytes, end + 1 + sign)?;
        kind = Kind::Number;
    }
    Some((end, kind))
}

/// Where the digits end that start here, if there is at least one.
fn after_digits(bytes: &[u8], start: usize) -> Option<usize> {
    let digits = digits(bytes.get(start..)?);
    (digits > 0).then_some(start + digits)
}

/// How many digits the bytes start with.
#[inline]
fn digits(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    let mut count = 0;
    for word in words {
        let others = non_digits(u64::from_le_bytes(*word));
        if others != 0 {
            return count + others.trailing_zeros() as usize / 8;
        }
        count += 8;
    }
    count + bytes.iter().skip(count).take_while(|byte| byte.is_ascii_digit()).count()
}

/// Bits in each byte that is no digit; no bit in those before the first.
const fn non_digits(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    // Digits are 0x30 to 0x39. Adding 6 carries 0x3a and what follows out of 0x3X; a carry into the next byte comes only
    // from a byte that is no digit itself.
    let high = ONES * 0xf0;
    ((word & high) ^ (ONES * 0x30)) | ((word.wrapping_add(ONES * 6) & high) ^ (ONES * 0x30))
}

/// The value of a checked integer.
#[inline]
pub(super) fn integer(text: &str) -> Number {
    // Up to 19 digits fit into 64 bits, whatever they are.
    if text.len() <= 19 && !text.starts_with('-') {
        let value =
            text.bytes().fold(0_u64, |value, digit| value.wrapping_mul(10).wrapping_add(u64::from(digit & 0xf)));
        return Number::Unsigned(value);
    }
    large_or_negative(text)
}

fn large_or_negative(text: &str) -> Number {
    if let Ok(value) = text.parse() {
        Number::Unsigned(value)
    } else if let Ok(value) = text.parse::<i64>()
        && value < 0
    {
        Number::Negative(value)
    } else {
        Number::Float(float(text))
    }
}

/// The value of a checked number.
pub(super) fn float(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}
