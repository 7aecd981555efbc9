//! Encryption and authentication of the content (RFC 7518 section 5).
//!
//! Both directions work in place, in the memory that holds the content anyway.

mod cbc_hmac;

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey};

use super::algorithm::{Aes, CBC_IV_BYTES, Cipher, ContentEncryptionAlgorithm, MAX_IV_BYTES, MAX_TAG_BYTES};
use super::short::{Short, ShortSecret};
use crate::error::Error;

/// The key of the content (RFC 7516 section 2, "Content Encryption Key").
pub(crate) type Cek = ShortSecret;
/// An initialization vector.
pub(crate) type Iv = Short<MAX_IV_BYTES>;
/// An authentication tag.
pub(crate) type Tag = Short<MAX_TAG_BYTES>;

/// What decrypts content with one key.
pub(crate) enum Opener {
    Gcm(LessSafeKey),
    CbcHmac(Box<cbc_hmac::Opener>),
}

/// What encrypts content with one key.
pub(crate) enum Sealer {
    Gcm(LessSafeKey),
    CbcHmac(Box<cbc_hmac::Sealer>),
}

impl Opener {
    /// Prepares a key, which must have the length of the algorithm's.
    pub(crate) fn new(algorithm: ContentEncryptionAlgorithm, key: &[u8]) -> Result<Self, Error> {
        check_key(algorithm, key)?;
        Ok(match algorithm.cipher() {
            Cipher::Gcm(aes) => Self::Gcm(gcm_key(aes, key)?),
            Cipher::CbcHmac(aes, hash) => Self::CbcHmac(Box::new(cbc_hmac::Opener::new(aes, hash, key)?)),
        })
    }

    /// Decrypts content in place. Nothing of it is left when the tag is wrong.
    ///
    /// # Errors
    /// [`Error::DecryptionFailed`], whatever is wrong.
    pub(crate) fn open(&self, iv: &[u8], aad: &[u8], tag: &[u8], content: &mut Vec<u8>) -> Result<(), Error> {
        let outcome = match self {
            Self::Gcm(key) => open_gcm(key, iv, aad, tag, content),
            Self::CbcHmac(key) => key.open(iv, aad, tag, content),
        };
        if outcome.is_err() {
            content.clear();
        }
        outcome.map_err(|_| Error::DecryptionFailed)
    }
}

impl Sealer {
    /// Prepares a key, which must have the length of the algorithm's.
    pub(crate) fn new(algorithm: ContentEncryptionAlgorithm, key: &[u8]) -> Result<Self, Error> {
        check_key(algorithm, key)?;
        Ok(match algorithm.cipher() {
            Cipher::Gcm(aes) => Self::Gcm(gcm_key(aes, key)?),
            Cipher::CbcHmac(aes, hash) => Self::CbcHmac(Box::new(cbc_hmac::Sealer::new(aes, hash, key)?)),
        })
    }

    /// Encrypts content in place.
    pub(crate) fn seal(&self, iv: &[u8], aad: &[u8], content: &mut Vec<u8>) -> Result<Tag, Error> {
        match self {
            Self::Gcm(key) => {
                let nonce = Nonce::try_assume_unique_for_key(iv).map_err(|_| Error::Crypto)?;
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), content);
                Tag::copied(tag.map_err(|_| Error::Crypto)?.as_ref())
            }
            Self::CbcHmac(key) => key.seal(iv, aad, content),
        }
    }
}

/// Whether ciphertext can have this length (RFC 7518 section 5.2.2.1: padded to whole blocks).
pub(crate) fn check_length(algorithm: ContentEncryptionAlgorithm, length: usize) -> Result<(), Error> {
    let possible = match algorithm.cipher() {
        Cipher::Gcm(_) => true,
        Cipher::CbcHmac(..) => length != 0 && length.is_multiple_of(CBC_IV_BYTES),
    };
    if possible { Ok(()) } else { Err(Error::CiphertextLength) }
}

fn check_key(algorithm: ContentEncryptionAlgorithm, key: &[u8]) -> Result<(), Error> {
    if key.len() == algorithm.key_bytes() { Ok(()) } else { Err(Error::SecretLength) }
}

pub(crate) fn gcm_key(aes: Aes, key: &[u8]) -> Result<LessSafeKey, Error> {
    UnboundKey::new(aes.gcm(), key).map(LessSafeKey::new).map_err(|_| Error::Crypto)
}

fn open_gcm(key: &LessSafeKey, iv: &[u8], aad: &[u8], tag: &[u8], content: &mut [u8]) -> Result<(), Error> {
    let nonce = Nonce::try_assume_unique_for_key(iv).map_err(|_| Error::IvLength)?;
    let opened = key.open_in_place_separate_tag(nonce, Aad::from(aad), tag, content);
    opened.map(|_| ()).map_err(|_| Error::DecryptionFailed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pair = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(pair).collect()
    }

    /// Encrypts, compares, and decrypts again.
    fn check(algorithm: ContentEncryptionAlgorithm, key: &[u8], [iv, aad, plain, cipher, tag]: [&[u8]; 5]) {
        let mut content = plain.to_vec();
        let sealed = Sealer::new(algorithm, key).unwrap().seal(iv, aad, &mut content).unwrap();
        assert_eq!((content.as_slice(), sealed.as_ref()), (cipher, tag), "{algorithm}");
        Opener::new(algorithm, key).unwrap().open(iv, aad, tag, &mut content).unwrap();
        assert_eq!(content, plain, "{algorithm}");
    }

    #[test]
    fn rfc_7518_appendix_b() {
        let key: Vec<u8> = (0..64).collect();
        let plain = b"A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy \
            without inconvenience";
        let aad = b"The second principle of Auguste Kerckhoffs";
        let iv = hex("1af38c2dc2b96ffdd86694092341bc04");
        for (algorithm, ciphertext, tag) in [
            (
                ContentEncryptionAlgorithm::A128CbcHs256,
                "c80edfa32ddf39d5ef00c0b468834279a2e46a1b8049f792f76bfe54b903a9c9
                 a94ac9b47ad2655c5f10f9aef71427e2fc6f9b3f399a221489f16362c7032336
                 09d45ac69864e3321cf82935ac4096c86e133314c54019e8ca7980dfa4b9cf1b
                 384c486f3a54c51078158ee5d79de59fbd34d848b3d69550a67646344427ade5
                 4b8851ffb598f7f80074b9473c82e2db",
                "652c3fa36b0a7c5b3219fab3a30bc1c4",
            ),
            (
                ContentEncryptionAlgorithm::A192CbcHs384,
                "ea65da6b59e61edb419be62d19712ae5d303eeb50052d0dfd6697f77224c8edb
                 000d279bdc14c1072654bd30944230c657bed4ca0c9f4a8466f22b226d174621
                 4bf8cfc2400add9f5126e479663fc90b3bed787a2f0ffcbf3904be2a641d5c21
                 05bfe591bae23b1d7449e532eef60a9ac8bb6c6b01d35d49787bcd57ef484927
                 f280adc91ac0c4e79c7b11efc60054e3",
                "8490ac0e58949bfe51875d733f93ac2075168039ccc733d7",
            ),
            (
                ContentEncryptionAlgorithm::A256CbcHs512,
                "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd
                 822c301dd67c373bccb584ad3e9279c2e6d12a1374b77f077553df829410446b
                 36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3
                 a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950b
                 be2638d09dd7a4930930806d0703b1f6",
                "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5",
            ),
        ] {
            let key = &key[..algorithm.key_bytes()];
            check(algorithm, key, [&iv, aad, plain, &hex(ciphertext), &hex(tag)]);
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        for algorithm in ContentEncryptionAlgorithm::ALL {
            for length in [0, 15, 16, 24, 31, 32, 33, 48, 63, 64, 65] {
                let key = vec![0; length];
                let expected = length == algorithm.key_bytes();
                assert_eq!(Opener::new(*algorithm, &key).is_ok(), expected, "{algorithm} {length}");
                assert_eq!(Sealer::new(*algorithm, &key).is_ok(), expected, "{algorithm} {length}");
            }
        }
    }

    #[test]
    fn nothing_of_the_content_is_left_when_the_tag_is_wrong() {
        for algorithm in ContentEncryptionAlgorithm::ALL {
            let (key, iv) = (vec![1; algorithm.key_bytes()], vec![2; algorithm.iv_bytes()]);
            let mut content = b"content".to_vec();
            let tag = Sealer::new(*algorithm, &key).unwrap().seal(&iv, b"", &mut content).unwrap();
            let mut wrong = tag.as_ref().to_vec();
            wrong[0] ^= 1;
            let opened = Opener::new(*algorithm, &key).unwrap().open(&iv, b"", &wrong, &mut content);
            assert_eq!(opened, Err(Error::DecryptionFailed));
            assert!(content.is_empty());
        }
    }
}
