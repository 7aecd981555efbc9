//! Key encryption with AES-GCM (RFC 7518 section 4.7).

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};

use crate::error::Error;
use crate::jwe::algorithm::{Aes, GCM_IV_BYTES, GCM_TAG_BYTES};
use crate::jwe::content::{Cek, gcm_key};
use crate::jwe::random;
use crate::jwe::short::Short;

/// A key that encrypts keys.
pub(crate) struct GcmWrap(LessSafeKey);

/// The initialization vector and the tag, which are in the header.
pub(crate) struct GcmParameters {
    pub(crate) iv: Short<GCM_IV_BYTES>,
    pub(crate) tag: Short<GCM_TAG_BYTES>,
}

impl GcmWrap {
    pub(crate) fn new(aes: Aes, key: &[u8]) -> Result<Self, Error> {
        if key.len() == aes.bytes() { gcm_key(aes, key).map(Self) } else { Err(Error::SecretLength) }
    }

    pub(crate) fn wrap(&self, key: &Cek) -> Result<(Vec<u8>, GcmParameters), Error> {
        // RFC 7518 section 8.4: never twice with one key. Random vectors of 96 bits are good for 2^32 of them.
        let iv = random::short(GCM_IV_BYTES)?;
        let (mut encrypted, mut tag) = (vec![0; key.len()], [0; GCM_TAG_BYTES]);
        let nonce = nonce(&iv)?;
        let sealed = self.0.seal_out_of_place_scatter(nonce, Aad::empty(), key.as_ref(), &mut encrypted, &[], &mut tag);
        sealed.map_err(|_| Error::Crypto)?;
        Ok((encrypted, GcmParameters { iv, tag: Short::copied(&tag)? }))
    }

    pub(crate) fn unwrap(&self, parameters: &GcmParameters, encrypted: &[u8]) -> Result<Cek, Error> {
        let nonce = nonce(&parameters.iv)?;
        let mut key = Cek::copied(encrypted).map_err(|_| Error::DecryptionFailed)?;
        let opened = self.0.open_in_place_separate_tag(nonce, Aad::empty(), parameters.tag.as_ref(), key.as_mut());
        opened.map_err(|_| Error::DecryptionFailed)?;
        Ok(key)
    }
}

fn nonce(iv: &Short<GCM_IV_BYTES>) -> Result<Nonce, Error> {
    Nonce::try_assume_unique_for_key(iv.as_ref()).map_err(|_| Error::JweHeaderMalformed)
}
