//! Numbers (RFC 8259 section 6), within what a double can hold (RFC 7493 section 2.2).

use super::Kind;
use crate::error::Error;

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
pub(super) fn length(bytes: &[u8]) -> Result<(usize, Kind), Error> {
    let digits =
        |from: usize| bytes.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    let some_digits = |from: usize| Some(digits(from)).filter(|count| *count > 0).ok_or(Error::JsonSyntax);
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let whole = some_digits(sign)?;
    if whole > 1 && bytes.get(sign) == Some(&b'0') {
        return Err(Error::JsonSyntax);
    }
    let mut end = sign + whole;
    let mut kind = Kind::Integer;
    if bytes.get(end) == Some(&b'.') {
        end += 1 + some_digits(end + 1)?;
        kind = Kind::Number;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end += 1 + sign + some_digits(end + 1 + sign)?;
        kind = Kind::Number;
    }
    Ok((end, kind))
}

pub(super) fn check_finite(text: &str) -> Result<(), Error> {
    if float(text).is_finite() { Ok(()) } else { Err(Error::JsonNumberRange) }
}

/// The value of a checked integer.
pub(super) fn integer(text: &str) -> Number {
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
