//! Opaque access tokens: a signed token in an envelope that only this authority opens.
//!
//! Whoever has one can't read it, and no row remembers it: the envelope has everything, so that what holds for a signed token
//! (expiry, revocation, a compromised key) holds for an opaque one without another rule.

use aws_lc_rs::{aead, hmac};
use zeroize::Zeroizing;

use super::secret::{PlainSecret, SecretKind};
use super::server_secret::ServerSecret;

/// Bytes of randomness in an envelope. Each has a key of its own that is derived from them, so that no number of tokens wears
/// a key out.
pub const SALT_BYTES: usize = 24;

/// The longest opaque token that is looked at, in bytes.
pub const MAX_OPAQUE_TOKEN_BYTES: usize = 16 * 1024;

/// The key from which those of the envelopes come.
pub struct EnvelopeKey(hmac::Key);

impl EnvelopeKey {
    /// The envelope key of an authority.
    pub fn new(secret: &ServerSecret) -> Self {
        Self(secret.derive("opaque-access-token"))
    }

    /// Puts a signed token into an envelope. Nothing when it can't be encrypted.
    pub fn seal(&self, token: &str, salt: [u8; SALT_BYTES]) -> Option<PlainSecret> {
        let mut sealed = Zeroizing::new(token.as_bytes().to_vec());
        let tag = self.key(&salt)?.seal_in_place_separate_tag(nonce(), context(), &mut sealed).ok()?;
        let envelope = Zeroizing::new([&salt, sealed.as_slice(), tag.as_ref()].concat());
        Some(PlainSecret::from_bytes(SecretKind::AccessToken, &envelope))
    }

    /// The signed token in an envelope. Nothing when it is not an envelope of this authority, or was changed.
    pub fn open(&self, text: &str) -> Option<Zeroizing<String>> {
        let envelope = PlainSecret::bytes_within(SecretKind::AccessToken, text, MAX_OPAQUE_TOKEN_BYTES).ok()?;
        let (salt, sealed) = envelope.split_at_checked(SALT_BYTES)?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let token = self.key(salt)?.open_in_place(nonce(), context(), &mut sealed).ok()?;
        String::from_utf8(token.to_vec()).ok().map(Zeroizing::new)
    }

    fn key(&self, salt: &[u8]) -> Option<aead::LessSafeKey> {
        let key = hmac::sign(&self.0, salt);
        aead::UnboundKey::new(&aead::AES_256_GCM, key.as_ref()).ok().map(aead::LessSafeKey::new)
    }
}

/// Whether a text looks like an opaque access token.
pub fn is_opaque(token: &str) -> bool {
    token.starts_with(SecretKind::AccessToken.prefix())
}

/// Each key encrypts one token only, so the nonce may be any.
fn nonce() -> aead::Nonce {
    aead::Nonce::assume_unique_for_key([0; aead::NONCE_LEN])
}

fn context() -> aead::Aad<&'static [u8]> {
    aead::Aad::from(b"probity opaque access token".as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> EnvelopeKey {
        EnvelopeKey::new(&ServerSecret::new(&[byte; ServerSecret::BYTES]))
    }

    #[test]
    fn an_envelope_opens_for_its_authority_only_and_shows_nothing_of_the_token() {
        let token = "header.payload.signature".repeat(40);
        let sealed = key(1).seal(&token, [7; SALT_BYTES]).unwrap();
        assert!(is_opaque(sealed.expose()) && !sealed.expose().contains("payload"));
        assert_eq!(key(1).open(sealed.expose()).as_deref(), Some(&token));
        assert!(key(2).open(sealed.expose()).is_none());
    }

    #[test]
    fn an_envelope_that_was_changed_anywhere_does_not_open() {
        let sealed = key(1).seal("a.b.c", [7; SALT_BYTES]).unwrap();
        let bytes = PlainSecret::bytes_within(SecretKind::AccessToken, sealed.expose(), 1_024).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            let changed = PlainSecret::from_bytes(SecretKind::AccessToken, &changed);
            assert!(key(1).open(changed.expose()).is_none(), "{at}");
        }
        for odd in ["", "pat_", "a.b.c", &"pat_".repeat(MAX_OPAQUE_TOKEN_BYTES)] {
            assert!(key(1).open(odd).is_none());
        }
        let short = PlainSecret::from_bytes(SecretKind::AccessToken, &[1; 10]);
        assert!(key(1).open(short.expose()).is_none());
    }
}
