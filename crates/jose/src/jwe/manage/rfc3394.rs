//! AES key wrap, written out (RFC 3394 section 2.2): the cryptographic library has it for 128 and 256 bits only.

use aws_lc_rs::cipher::{DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time;
use aws_lc_rs::error::Unspecified;
use zeroize::Zeroizing;

use crate::jwe::algorithm::Aes;

/// Wraps `key` into `wrapped`, which is eight bytes longer.
pub(super) fn wrap(aes: Aes, wrapping: &[u8], key: &[u8], wrapped: &mut [u8]) -> Result<(), Unspecified> {
    let cipher = EncryptingKey::ecb(UnboundCipherKey::new(aes.cipher(), wrapping)?)?;
    let (check, halves) = wrapped.split_first_chunk_mut::<HALF>().ok_or(Unspecified)?;
    if halves.len() != key.len() {
        return Err(Unspecified);
    }
    *check = INITIAL_VALUE;
    halves.copy_from_slice(key);
    let mut step = 0_u64;
    for _ in 0..ROUNDS {
        for half in halves_of(halves)? {
            step += 1;
            let mut block = joined(*check, *half);
            cipher.less_safe_encrypt(block.as_mut_slice(), EncryptionContext::None)?;
            (*check, *half) = split(&block)?;
            *check = with_step(*check, step);
        }
    }
    Ok(())
}

/// Unwraps `wrapped` into `key`, which is eight bytes shorter.
pub(super) fn unwrap(aes: Aes, wrapping: &[u8], wrapped: &[u8], key: &mut [u8]) -> Result<(), Unspecified> {
    let cipher = DecryptingKey::ecb(UnboundCipherKey::new(aes.cipher(), wrapping)?)?;
    let (check, halves) = wrapped.split_first_chunk::<HALF>().ok_or(Unspecified)?;
    if halves.len() != key.len() {
        return Err(Unspecified);
    }
    let mut check = *check;
    key.copy_from_slice(halves);
    let halves = halves_of(key)?;
    let mut step = ROUNDS * u64::try_from(halves.len()).map_err(|_| Unspecified)?;
    for _ in 0..ROUNDS {
        for half in halves.iter_mut().rev() {
            let mut block = joined(with_step(check, step), *half);
            cipher.decrypt(block.as_mut_slice(), DecryptionContext::None)?;
            (check, *half) = split(&block)?;
            step -= 1;
        }
    }
    constant_time::verify_slices_are_equal(&check, &INITIAL_VALUE)
}

/// The key as halves of blocks; there must be two at least (RFC 3394 section 2).
fn halves_of(key: &mut [u8]) -> Result<&mut [[u8; HALF]], Unspecified> {
    match key.as_chunks_mut::<HALF>() {
        (halves @ [_, _, ..], []) => Ok(halves),
        _ => Err(Unspecified),
    }
}

fn joined(first: [u8; HALF], second: [u8; HALF]) -> Zeroizing<[u8; 2 * HALF]> {
    let mut block = Zeroizing::new([0; 2 * HALF]);
    let (start, end) = block.split_at_mut(HALF);
    start.copy_from_slice(&first);
    end.copy_from_slice(&second);
    block
}

fn split(block: &[u8; 2 * HALF]) -> Result<([u8; HALF], [u8; HALF]), Unspecified> {
    match block.as_chunks::<HALF>().0 {
        [first, second] => Ok((*first, *second)),
        _ => Err(Unspecified),
    }
}

fn with_step(half: [u8; HALF], step: u64) -> [u8; HALF] {
    (u64::from_be_bytes(half) ^ step).to_be_bytes()
}

/// Half an AES block, the unit of the algorithm.
const HALF: usize = 8;

/// How often each half is encrypted.
const ROUNDS: u64 = 6;

/// What stands before the key, and must be there again after unwrapping (section 2.2.3.1).
const INITIAL_VALUE: [u8; HALF] = [0xa6; HALF];

#[cfg(test)]
mod tests {
    use aws_lc_rs::key_wrap::{AES_128, AES_256, AesBlockCipher, KeyEncryptionKey, KeyWrap};
    use proptest::prelude::*;

    use super::*;

    fn wrapped(aes: Aes, wrapping: &[u8], key: &[u8]) -> Vec<u8> {
        let mut wrapped = vec![0; key.len() + HALF];
        wrap(aes, wrapping, key, &mut wrapped).unwrap();
        wrapped
    }

    fn unwrapped(aes: Aes, wrapping: &[u8], wrapped: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut key = vec![0; wrapped.len() - HALF];
        unwrap(aes, wrapping, wrapped, &mut key).map(|()| key)
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn rfc_3394_section_4_with_192_bits() {
        // Sections 4.2 and 4.4.
        let wrapping = hex("000102030405060708090a0b0c0d0e0f1011121314151617");
        for (key, expected) in [
            ("00112233445566778899aabbccddeeff", "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
            (
                "00112233445566778899aabbccddeeff0001020304050607",
                "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2",
            ),
        ] {
            assert_eq!(wrapped(Aes::Aes192, &wrapping, &hex(key)), hex(expected));
            assert_eq!(unwrapped(Aes::Aes192, &wrapping, &hex(expected)), Ok(hex(key)));
        }
    }

    fn library(cipher: &'static AesBlockCipher, wrapping: &[u8], key: &[u8]) -> Vec<u8> {
        let mut output = vec![0; key.len() + HALF];
        let wrapping = KeyEncryptionKey::new(cipher, wrapping).unwrap();
        wrapping.wrap(key, &mut output).unwrap().to_vec()
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_library_where_that_has_it(
            wrapping: [u8; 32],
            key in (2_usize..9).prop_flat_map(|halves| proptest::collection::vec(any::<u8>(), halves * HALF)),
        ) {
            prop_assert_eq!(wrapped(Aes::Aes256, &wrapping, &key), library(&AES_256, &wrapping, &key));
            prop_assert_eq!(wrapped(Aes::Aes128, &wrapping[..16], &key), library(&AES_128, &wrapping[..16], &key));
            prop_assert_eq!(unwrapped(Aes::Aes256, &wrapping, &library(&AES_256, &wrapping, &key)), Ok(key));
        }

        #[test]
        fn one_flipped_bit_is_refused(wrapping: [u8; 24], key: [u8; 32], bit in 0_usize..320) {
            let mut wrapped = wrapped(Aes::Aes192, &wrapping, &key);
            wrapped[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(unwrapped(Aes::Aes192, &wrapping, &wrapped).is_err());
        }
    }

    #[test]
    fn keys_that_are_too_short_or_not_whole_are_refused() {
        for length in [0, 8, 17, 31] {
            assert!(wrap(Aes::Aes192, &[0; 24], &vec![0; length], &mut vec![0; length + HALF]).is_err(), "{length}");
            assert!(unwrapped(Aes::Aes192, &[0; 24], &vec![0; length + HALF]).is_err(), "{length}");
        }
    }
}
