//! base64url without padding, canonical only (RFC 4648 section 5, RFC 7515 section 2).
//!
//! Each byte string has exactly one text: padding, whitespace, the standard alphabet and unused bits that are not zero
//! are refused. Otherwise one token could be written in several ways, and slip past whoever compares texts.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::GeneralPurposeConfig;
use zeroize::Zeroizing;

use crate::error::Error;

/// Encodes bytes.
///
/// ```
/// assert_eq!(probity_jose::base64url::encode(b"\xfb\xff"), "-_8");
/// ```
pub fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// Appends the encoding of `bytes` to a text.
pub(crate) fn encode_into(bytes: &[u8], text: &mut String) {
    ENGINE.encode_string(bytes, text);
}

/// Appends the encoding of `bytes` to a text that is still bytes. A string would be checked for UTF-8 with each part.
pub(crate) fn append(bytes: &[u8], text: &mut Vec<u8>) {
    let start = text.len();
    text.resize(start + encoded_len(bytes.len()), 0);
    let written = text.get_mut(start..).and_then(|room| ENGINE.encode_slice(bytes, room).ok());
    debug_assert_eq!(written, Some(text.len() - start), "the room is exactly as large as the encoding");
}

/// Decodes a text.
///
/// # Errors
/// [`Error::Base64Url`] unless the text is exactly what [`encode`] makes of some bytes.
///
/// ```
/// use probity_jose::base64url::decode;
/// assert_eq!(decode("-_8").unwrap(), b"\xfb\xff");
/// for text in ["-_8=", "+/8", "-_9", "-_ 8", "-"] {
///     assert!(decode(text).is_err());
/// }
/// ```
pub fn decode(text: &str) -> Result<Vec<u8>, Error> {
    ENGINE.decode(text).map_err(|_| Error::Base64Url)
}

/// Decodes a text and appends it to bytes.
pub(crate) fn decode_onto(text: &str, bytes: &mut Vec<u8>) -> Result<(), Error> {
    ENGINE.decode_vec(text, bytes).map_err(|_| Error::Base64Url)
}

/// Decodes a text into a buffer; an error also when it does not fit.
pub(crate) fn decode_into<'a>(text: &str, buffer: &'a mut [u8]) -> Result<&'a [u8], Error> {
    let length = ENGINE.decode_slice(text, buffer).map_err(|_| Error::Base64Url)?;
    buffer.get(..length).ok_or(Error::Base64Url)
}

/// Decodes a secret into memory that is overwritten when dropped.
pub(crate) fn decode_secret(text: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    decode(text).map(Zeroizing::new)
}

/// How many bytes a text of `length` characters decodes to.
pub(crate) const fn decoded_len(length: usize) -> usize {
    length / 4 * 3 + length % 4 * 3 / 4
}

/// How many characters `length` bytes encode to.
pub(crate) const fn encoded_len(length: usize) -> usize {
    length / 3 * 4 + (length % 3 * 4).div_ceil(3)
}

/// Without padding on either side and with strict trailing bits, which is `NO_PAD`'s default.
const CONFIG: GeneralPurposeConfig = base64::engine::general_purpose::NO_PAD;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static ENGINE: LazyLock<base64::engine::Simd> = LazyLock::new(|| base64::engine::Simd::url_safe(CONFIG));

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static ENGINE: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, CONFIG));

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes: Vec<u8>) {
            let text = encode(&bytes);
            let mut appended = b"x.".to_vec();
            append(&bytes, &mut appended);
            prop_assert_eq!(&appended[2..], text.as_bytes());
            prop_assert_eq!(decode(&text).unwrap(), bytes);
        }

        #[test]
        fn a_text_that_decodes_is_the_encoding_of_what_it_decodes_to(text in "[A-Za-z0-9_=+/ \n-]{0,80}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(bytes.len(), decoded_len(text.len()));
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }

    #[test]
    fn other_forms_of_the_same_bytes_are_refused() {
        for text in [
            "Zg==",
            "Zg=",
            "Zh",
            "Zg\n",
            " Zg",
            "Z",
            "Zm9=",
            "Zm9v!",
            "Zm9v\0",
            "+/+/",
            "Zm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9 ",
        ] {
            assert_eq!(decode(text), Err(Error::Base64Url), "{text:?}");
        }
    }
}
