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
    let digits = bytes.get(start..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then_some(start + digits)
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
