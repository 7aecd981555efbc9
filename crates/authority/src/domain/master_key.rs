//! The master key: everything private in the store is sealed under it.

use core::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use probity_jose::base64url;
use zeroize::Zeroizing;

/// Bytes of the master key.
pub const MASTER_KEY_BYTES: usize = 32;

/// Bytes of randomness that sealing one value takes. Few values are ever sealed, so random nonces do not collide.
pub const SEAL_ENTROPY_BYTES: usize = NONCE_LEN;

/// A 256-bit key; prints nothing of itself and is overwritten when dropped.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; MASTER_KEY_BYTES]>);

/// A text that is no master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a master key is {MASTER_KEY_BYTES} bytes as base64url, 43 characters")]
pub struct MalformedMasterKey;

/// A sealed value that this key does not open: another master key, another name, or changed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the master key does not open what the store has sealed: it is another key, or the store was changed")]
pub struct CannotOpen;

impl MasterKey {
    /// A key from fresh randomness.
    pub fn from_bytes(bytes: [u8; MASTER_KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads the text of a key file.
    ///
    /// # Errors
    /// [`MalformedMasterKey`]
    pub fn parse(text: &str) -> Result<Self, MalformedMasterKey> {
        let bytes = Zeroizing::new(base64url::decode(text.trim()).map_err(|_| MalformedMasterKey)?);
        bytes.as_slice().try_into().map(|bytes| Self(Zeroizing::new(bytes))).map_err(|_| MalformedMasterKey)
    }

    /// What a key file holds.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(base64url::encode(&self.0[..]))
    }

    /// Encrypts a value under a name; only the same name opens it (AES-256-GCM, the name as additional data).
    pub fn seal(&self, name: &str, value: &[u8], entropy: [u8; SEAL_ENTROPY_BYTES]) -> String {
        let mut sealed = entropy.to_vec();
        let mut body = value.to_vec();
        let nonce = Nonce::assume_unique_for_key(entropy);
        let sealing = self.cipher().and_then(|cipher| {
            cipher.seal_in_place_append_tag(nonce, Aad::from(name.as_bytes()), &mut body).map_err(|_| CannotOpen)
        });
        // Sealing fails only for a value of gigabytes, which none is; then nothing that opens comes out.
        if sealing.is_ok() {
            sealed.append(&mut body);
        }
        base64url::encode(&sealed)
    }

    /// Decrypts what [`Self::seal`] made under the same name.
    ///
    /// # Errors
    /// [`CannotOpen`]
    pub fn open(&self, name: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let bytes = base64url::decode(sealed).map_err(|_| CannotOpen)?;
        let (nonce, body) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(CannotOpen)?;
        let mut body = Zeroizing::new(body.to_vec());
        let aad = Aad::from(name.as_bytes());
        let opened = self.cipher()?.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut body);
        let length = opened.map_err(|_| CannotOpen)?.len();
        body.truncate(length);
        Ok(body)
    }

    fn cipher(&self) -> Result<LessSafeKey, CannotOpen> {
        UnboundKey::new(&AES_256_GCM, &self.0[..]).map(LessSafeKey::new).map_err(|_| CannotOpen)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> MasterKey {
        MasterKey::from_bytes([byte; MASTER_KEY_BYTES])
    }

    #[test]
    fn only_the_same_key_and_the_same_name_open_what_was_sealed() {
        let sealed = key(1).seal("a", b"value", [9; SEAL_ENTROPY_BYTES]);
        assert_eq!(key(1).open("a", &sealed).unwrap().as_slice(), b"value");
        assert_eq!(key(2).open("a", &sealed), Err(CannotOpen));
        assert_eq!(key(1).open("b", &sealed), Err(CannotOpen));
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let sealed = base64url::decode(&key(1).seal("a", b"value", [9; SEAL_ENTROPY_BYTES])).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key(1).open("a", &base64url::encode(&changed)), Err(CannotOpen), "{bit}");
        }
        assert_eq!(key(1).open("a", "AAAA"), Err(CannotOpen));
    }

    #[test]
    fn a_key_reads_back_from_its_text_and_does_not_print_itself() {
        let read = MasterKey::parse(&format!("{}\n", *key(3).to_text())).unwrap();
        assert_eq!(*read.0, *key(3).0);
        assert_eq!(format!("{read:?}"), "MasterKey");
        assert!(MasterKey::parse("AAAA").is_err());
    }
}
