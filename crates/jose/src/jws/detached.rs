//! Signatures over content that is somewhere else (RFC 7515 appendix F), at once or as it comes in.

use aws_lc_rs::{digest, hmac};

use super::header::Header;
use super::verify::{VerifiedSignature, Verifier, verify_with, with_signature};
use crate::base64url;
use crate::error::Error;
use crate::jwk::JwkSet;
use crate::key::VerifyingKey;

impl Verifier {
    /// Verifies a compact JWS without payload (`header..signature`) over content.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); [`Error::PayloadPresence`] when the JWS has a payload of its own.
    ///
    /// ```
    /// use probity_jose::{JwkSet, SignatureAlgorithm, jws};
    /// // RFC 7797 section 4.2
    /// let token = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY";
    /// let keys = JwkSet::from_jwk(br#"{"kty":"oct",
    ///     "k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#)?;
    /// let verifier = jws::Verifier::new([SignatureAlgorithm::Hs256]);
    /// assert!(verifier.verify_detached(token, b"$.02", &keys).is_ok());
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn verify_detached(&self, token: &str, content: &[u8], keys: &JwkSet) -> Result<VerifiedSignature, Error> {
        let parts = self.split(token)?;
        if !parts.payload.is_empty() {
            return Err(Error::PayloadPresence);
        }
        let header = self.read_protected(parts.header)?;
        let candidates = self.candidates(&header, keys)?;
        let mut signed = [parts.header, "."].concat().into_bytes();
        if header.is_payload_encoded() {
            signed.extend_from_slice(base64url::encode(content).as_bytes());
        } else {
            signed.extend_from_slice(content);
        }
        let key = verify_with(&candidates, &signed, parts.signature)?;
        Ok(VerifiedSignature::new(header, key))
    }

    /// Begins to verify a compact JWS without payload over content that comes in pieces and need not fit in memory.
    ///
    /// # Errors
    /// As [`verify_detached`](Self::verify_detached); [`Error::NotStreamable`] for EdDSA and ML-DSA, which read the
    /// content twice.
    ///
    /// ```
    /// use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, jws};
    /// let key = SigningKey::generate(SignatureAlgorithm::Es256)?;
    /// let unencoded = jws::NewHeader::from_json(br#"{"b64":false,"crit":["b64"]}"#)?;
    /// let token = jws::sign_detached(&unencoded, b"large content", &key)?;
    ///
    /// let keys = JwkSet::from(key.verifying_key()?);
    /// let mut stream = jws::Verifier::new([SignatureAlgorithm::Es256]).begin_detached(&token, &keys)?;
    /// stream.update(b"large ");
    /// stream.update(b"content");
    /// let signature = stream.finish()?;
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn begin_detached(&self, token: &str, keys: &JwkSet) -> Result<DetachedStream, Error> {
        let parts = self.split(token)?;
        if !parts.payload.is_empty() {
            return Err(Error::PayloadPresence);
        }
        let header = self.read_protected(parts.header)?;
        let candidates: Vec<VerifyingKey> =
            self.candidates(&header, keys)?.as_slice().iter().map(|key| (*key).clone()).collect();
        let hash = header.algorithm().hash().ok_or(Error::NotStreamable)?;
        let signature = with_signature(parts.signature, |signature| Ok(signature.to_vec()))?;
        let encoder = header.is_payload_encoded().then(Encoder::default);
        let contexts = Contexts::begin(&candidates, hash);
        let mut stream = DetachedStream { header, candidates, signature, contexts, encoder };
        stream.contexts.update(parts.header.as_bytes());
        stream.contexts.update(b".");
        Ok(stream)
    }
}

/// A verification that waits for its content.
#[derive(Debug)]
#[must_use = "content says nothing before `finish`"]
pub struct DetachedStream {
    header: Header,
    candidates: Vec<VerifyingKey>,
    signature: Vec<u8>,
    contexts: Contexts,
    encoder: Option<Encoder>,
}

impl DetachedStream {
    /// The header, which nothing follows from yet.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Takes the next piece of the content.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.encoder {
            Some(encoder) => encoder.update(piece, |text| self.contexts.update(text)),
            None => self.contexts.update(piece),
        }
    }

    /// Verifies the signature over all pieces. Only now may the content be used.
    ///
    /// # Errors
    /// [`Error::BadSignature`].
    pub fn finish(mut self) -> Result<VerifiedSignature, Error> {
        if let Some(encoder) = self.encoder.take() {
            self.contexts.update(encoder.finish().as_bytes());
        }
        let at = self.contexts.position_of_valid(&self.candidates, &self.signature).ok_or(Error::BadSignature)?;
        let key = self.candidates.into_iter().nth(at).ok_or(Error::BadSignature)?;
        Ok(VerifiedSignature::new(self.header, key))
    }
}

/// The state of the hash: one for all public keys, but one for each secret.
enum Contexts {
    Digest(digest::Context),
    Macs(Vec<hmac::Context>),
}

impl Contexts {
    fn begin(keys: &[VerifyingKey], hash: &'static digest::Algorithm) -> Self {
        let macs: Vec<_> = keys.iter().filter_map(VerifyingKey::mac_context).collect();
        if macs.is_empty() { Self::Digest(digest::Context::new(hash)) } else { Self::Macs(macs) }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Digest(context) => context.update(bytes),
            Self::Macs(contexts) => contexts.iter_mut().for_each(|context| context.update(bytes)),
        }
    }

    fn position_of_valid(self, keys: &[VerifyingKey], signature: &[u8]) -> Option<usize> {
        match self {
            Self::Digest(context) => {
                let digest = context.finish();
                keys.iter().position(|key| key.verify_digest(&digest, signature).is_ok())
            }
            Self::Macs(contexts) => contexts.into_iter().position(|context| {
                aws_lc_rs::constant_time::verify_slices_are_equal(context.sign().as_ref(), signature).is_ok()
            }),
        }
    }
}

impl core::fmt::Debug for Contexts {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Contexts")
    }
}

/// Encodes pieces as one base64url text: up to two bytes wait for the next piece.
#[derive(Debug, Default)]
struct Encoder {
    waiting: Vec<u8>,
}

impl Encoder {
    fn update(&mut self, piece: &[u8], mut then: impl FnMut(&[u8])) {
        let missing = (3 - self.waiting.len() % 3) % 3;
        let (first, rest) = piece.split_at_checked(missing).unwrap_or((piece, &[]));
        self.waiting.extend_from_slice(first);
        if self.waiting.len() < 3 && !self.waiting.is_empty() {
            return;
        }
        then(base64url::encode(&self.waiting).as_bytes());
        self.waiting.clear();
        for chunk in rest.chunks(CHUNK) {
            let whole = chunk.len() / 3 * 3;
            let (whole, left) = chunk.split_at_checked(whole).unwrap_or((chunk, &[]));
            then(base64url::encode(whole).as_bytes());
            self.waiting.extend_from_slice(left);
        }
    }

    fn finish(self) -> String {
        base64url::encode(&self.waiting)
    }
}

/// How much is encoded at a time; a multiple of three, so that only the last chunk leaves bytes over.
const CHUNK: usize = 3 * 4096;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_are_encoded_like_the_whole(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let mut encoder = Encoder::default();
            let mut text = Vec::new();
            for piece in &pieces {
                encoder.update(piece, |encoded| text.extend_from_slice(encoded));
            }
            text.extend_from_slice(encoder.finish().as_bytes());
            prop_assert_eq!(String::from_utf8(text).unwrap(), base64url::encode(&pieces.concat()));
        }
    }

    #[test]
    fn a_large_piece_is_encoded_like_the_whole() {
        let content = vec![0x5a; 3 * CHUNK + 7];
        let mut encoder = Encoder::default();
        let mut text = Vec::new();
        for piece in [&content[..1], &content[1..]] {
            encoder.update(piece, |encoded| text.extend_from_slice(encoded));
        }
        text.extend_from_slice(encoder.finish().as_bytes());
        assert_eq!(String::from_utf8(text).unwrap(), base64url::encode(&content));
    }
}
