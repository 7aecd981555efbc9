//! AES-CBC and HMAC, composed (RFC 7518 section 5.2).

use aws_lc_rs::cipher::{
    DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{constant_time, hmac};

use super::Tag;
use crate::error::Error;
use crate::jwe::algorithm::{Aes, CBC_IV_BYTES};

/// The half of a key that decrypts.
pub(crate) struct Opener {
    mac: Mac,
    cipher: PaddedBlockDecryptingKey,
}

/// The half of a key that encrypts.
pub(crate) struct Sealer {
    mac: Mac,
    cipher: PaddedBlockEncryptingKey,
}

/// HMAC whose output is cut to the length of the AES key.
struct Mac {
    key: hmac::Key,
    length: usize,
}

impl Opener {
    pub(super) fn new(aes: Aes, hash: hmac::Algorithm, key: &[u8]) -> Result<Self, Error> {
        let (mac, cipher) = split(aes, hash, key)?;
        let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(cipher).map_err(|_| Error::Crypto)?;
        Ok(Self { mac, cipher })
    }

    pub(super) fn open(&self, iv: &[u8], aad: &[u8], tag: &[u8], content: &mut Vec<u8>) -> Result<(), Error> {
        // RFC 7518 section 5.2.2.2: the tag comes first, compared in constant time. Padding is looked at only when it
        // comes from somebody who has the key, so that nobody can learn from it (Vaudenay's attack).
        let expected = self.mac.tag(iv, aad, content)?;
        constant_time::verify_slices_are_equal(expected.as_ref(), tag).map_err(|_| Error::DecryptionFailed)?;
        let plain = self.cipher.decrypt(content, DecryptionContext::Iv128(vector(iv)?));
        let length = plain.map_err(|_| Error::DecryptionFailed)?.len();
        content.truncate(length);
        Ok(())
    }
}

impl Sealer {
    pub(super) fn new(aes: Aes, hash: hmac::Algorithm, key: &[u8]) -> Result<Self, Error> {
        let (mac, cipher) = split(aes, hash, key)?;
        let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(cipher).map_err(|_| Error::Crypto)?;
        Ok(Self { mac, cipher })
    }

    pub(super) fn seal(&self, iv: &[u8], aad: &[u8], content: &mut Vec<u8>) -> Result<Tag, Error> {
        let vector = EncryptionContext::Iv128(vector(iv)?);
        self.cipher.less_safe_encrypt(content, vector).map_err(|_| Error::Crypto)?;
        self.mac.tag(iv, aad, content)
    }
}

impl Mac {
    /// RFC 7518 section 5.2.2.1: over A, IV, E and the number of bits of A.
    fn tag(&self, iv: &[u8], aad: &[u8], ciphertext: &[u8]) -> Result<Tag, Error> {
        let bits = u64::try_from(aad.len()).ok().and_then(|bytes| bytes.checked_mul(8)).ok_or(Error::Crypto)?;
        let mut mac = hmac::Context::with_key(&self.key);
        for part in [aad, iv, ciphertext, &bits.to_be_bytes()] {
            mac.update(part);
        }
        Tag::copied(mac.sign().as_ref().get(..self.length).ok_or(Error::Crypto)?)
    }
}

/// RFC 7518 section 5.2.2.1: the first half of the key is for HMAC, the second for AES.
fn split(aes: Aes, hash: hmac::Algorithm, key: &[u8]) -> Result<(Mac, UnboundCipherKey), Error> {
    let (mac, cipher) = key.split_at_checked(aes.bytes()).ok_or(Error::SecretLength)?;
    let cipher = UnboundCipherKey::new(aes.cipher(), cipher).map_err(|_| Error::SecretLength)?;
    Ok((Mac { key: hmac::Key::new(hash, mac), length: aes.bytes() }, cipher))
}

fn vector(iv: &[u8]) -> Result<FixedLength<CBC_IV_BYTES>, Error> {
    iv.try_into().map(|iv: &[u8; CBC_IV_BYTES]| FixedLength::from(iv)).map_err(|_| Error::IvLength)
}
