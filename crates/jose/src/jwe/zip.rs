//! Compressed content: DEFLATE (RFC 7516 section 4.1.3, RFC 1951).

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use crate::error::Error;
use crate::limits::MAX_INFLATED_BYTES;

/// Decompresses content as long as it stays within the limit; memory grows with what comes out, not with what the
/// content claims.
///
/// # Errors
/// [`Error::InflatedTooLarge`]; [`Error::CompressionMalformed`] also when something follows the compressed data.
pub(crate) fn inflate(mut compressed: &[u8]) -> Result<Vec<u8>, Error> {
    // With room for one byte more than allowed, the output is full only when it is too large.
    let most = MAX_INFLATED_BYTES + 1;
    let mut content = vec![0; compressed.len().saturating_mul(2).clamp(FIRST_BYTES, most)];
    let mut inflater = Box::<DecompressorOxide>::default();
    let mut length = 0;
    loop {
        let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, read, written) = decompress(&mut inflater, compressed, &mut content, length, flags);
        compressed = compressed.get(read..).unwrap_or_default();
        length += written;
        if length > MAX_INFLATED_BYTES {
            return Err(Error::InflatedTooLarge);
        }
        match status {
            TINFLStatus::Done if compressed.is_empty() => {
                content.truncate(length);
                return Ok(content);
            }
            TINFLStatus::HasMoreOutput => content.resize(content.len().saturating_mul(2).min(most), 0),
            _ => return Err(Error::CompressionMalformed),
        }
    }
}

/// Compresses content.
///
/// # Errors
/// [`Error::InflatedTooLarge`] when no recipient with our limit could read it.
pub(crate) fn deflate(content: &[u8]) -> Result<Vec<u8>, Error> {
    if content.len() > MAX_INFLATED_BYTES {
        return Err(Error::InflatedTooLarge);
    }
    Ok(compress_to_vec(content, LEVEL))
}

/// The least memory that decompression starts with.
const FIRST_BYTES: usize = 1024;

/// zlib's usual compromise between speed and size.
const LEVEL: u8 = 6;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn inflating_undoes_deflating(content: Vec<u8>) {
            prop_assert_eq!(inflate(&deflate(&content).unwrap()), Ok(content));
        }

        #[test]
        fn no_bytes_make_it_panic_or_grow(bytes: Vec<u8>) {
            prop_assert!(inflate(&bytes).map_or(0, |content| content.len()) <= MAX_INFLATED_BYTES);
        }
    }

    #[test]
    fn content_is_accepted_up_to_the_limit_and_not_a_byte_more() {
        let zeros = |length| compress_to_vec(&vec![0; length], LEVEL);
        assert_eq!(inflate(&zeros(MAX_INFLATED_BYTES)).map(|content| content.len()), Ok(MAX_INFLATED_BYTES));
        for length in [MAX_INFLATED_BYTES + 1, MAX_INFLATED_BYTES + 2, 100_000_000] {
            assert_eq!(inflate(&zeros(length)), Err(Error::InflatedTooLarge), "{length}");
        }
        assert_eq!(deflate(&vec![0; MAX_INFLATED_BYTES + 1]), Err(Error::InflatedTooLarge));
    }

    #[test]
    fn what_follows_or_is_missing_makes_it_malformed() {
        let good = deflate(b"some content, some content").unwrap();
        for bad in [
            &[&good[..], &[0]].concat(),
            &[&good[..], &good[..]].concat(),
            &good[..good.len() - 1],
            &[][..],
            &[0xff; 20],
            // The same with a zlib header, which JWE does not have.
            &[&[0x78, 0x9c], &good[..]].concat(),
        ] {
            assert_eq!(inflate(bad), Err(Error::CompressionMalformed));
        }
    }
}
