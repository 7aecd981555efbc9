//! Base64 of any alphabet, padded or not, and hex: decoded leniently.

use base64::Engine;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};

/// Decodes base64url as lenient decoders do: padding and non-zero trailing bits are accepted.
pub fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE.decode(text).ok()
}

/// Decodes base64 with `+` and `/`, as leniently.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Encodes base64 with `+`, `/` and padding.
pub fn to_base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Encodes base64url without padding.
pub fn to_base64url(bytes: &[u8]) -> String {
    probity_jose::base64url::encode(bytes)
}

/// Decodes hex of either case.
pub fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || text.is_empty() {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// Encodes hex in lower case.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn digit(character: u8) -> Option<u8> {
    (character as char).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
static URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);
static STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenient_forms_decode() {
        for text in ["Zg", "Zg==", "Zh"] {
            assert_eq!(base64url(text).unwrap(), b"f", "{text}");
            assert_eq!(base64(text).unwrap(), b"f", "{text}");
        }
        assert_eq!(base64url("a b"), None);
        assert_eq!(hex("0aFF").unwrap(), [10, 255]);
        assert_eq!(hex("0aF"), None);
        assert_eq!(hex("zz"), None);
        assert_eq!(to_hex(&[10, 255]), "0aff");
    }
}
