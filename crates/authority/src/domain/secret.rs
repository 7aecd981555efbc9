//! Opaque secrets: 256 bits of randomness with a readable prefix and a checksum, so that a scanner finds a leaked one.
//!
//! [`PlainSecret`] is shown once; only a [`SecretHash`] reaches the store.

use core::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use probity_jose::base64url;
use zeroize::Zeroizing;

/// Bytes of randomness in a secret.
pub const SECRET_BYTES: usize = 32;

/// The longest secret that is looked at, in bytes. Longer than any of ours: client secrets may come from elsewhere.
pub const MAX_SECRET_BYTES: usize = 1_024;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// Authenticates a client.
    ClientSecret,
    /// Authenticates a guard on the revocation stream.
    GuardCredential,
    /// The session cookie of a browser.
    Session,
    /// An authorization code.
    Code,
    /// What a device asks with until its user has decided.
    DeviceCode,
    /// The reference to a pushed authorization request.
    PushedRequest,
    /// Lets clients register themselves (RFC 7591 section 3).
    InitialAccess,
    /// Lets a client look after its registration (RFC 7592).
    RegistrationAccess,
    /// An opaque access token; its bytes are an envelope, see [`super::opaque_token`].
    AccessToken,
    /// A refresh token; its bytes are not random, see [`super::family`].
    RefreshToken,
}

impl SecretKind {
    /// What a secret of this kind starts with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::ClientSecret => "pcs_",
            Self::GuardCredential => "pgc_",
            Self::Session => "pss_",
            Self::Code => "pac_",
            Self::DeviceCode => "pdc_",
            Self::PushedRequest => "par_",
            Self::InitialAccess => "pit_",
            Self::RegistrationAccess => "pra_",
            Self::AccessToken => "pat_",
            Self::RefreshToken => "prt_",
        }
    }
}

/// A secret in the clear. Overwritten when dropped; prints only its kind.
#[derive(Clone)]
pub struct PlainSecret {
    kind: SecretKind,
    text: Zeroizing<String>,
}

/// A text that is no secret of the kind that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a secret of this kind")]
pub struct MalformedSecret;

impl PlainSecret {
    /// A secret from fresh randomness.
    pub fn new(kind: SecretKind, entropy: [u8; SECRET_BYTES]) -> Self {
        Self::from_bytes(kind, &Zeroizing::new(entropy)[..])
    }

    /// A secret that carries these bytes.
    pub(super) fn from_bytes(kind: SecretKind, bytes: &[u8]) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
        text.push_str(kind.prefix());
        text.push_str(&Zeroizing::new(base64url::encode(bytes)));
        let sum = checksum(&text);
        text.push_str(&sum);
        Self { kind, text }
    }

    /// Reads a secret and gives the bytes that it carries. A mistyped or truncated one is refused by its checksum, before
    /// the store is asked.
    ///
    /// # Errors
    /// [`MalformedSecret`] for another prefix, a wrong checksum, or anything that is not ours.
    pub(super) fn bytes_of(kind: SecretKind, text: &str) -> Result<Zeroizing<Vec<u8>>, MalformedSecret> {
        Self::bytes_within(kind, text, MAX_SECRET_BYTES)
    }

    /// The same for a kind that may be longer, up to `limit` bytes.
    ///
    /// # Errors
    /// [`MalformedSecret`]
    pub(super) fn bytes_within(
        kind: SecretKind,
        text: &str,
        limit: usize,
    ) -> Result<Zeroizing<Vec<u8>>, MalformedSecret> {
        if text.len() > limit {
            return Err(MalformedSecret);
        }
        let at = text.len().checked_sub(CHECKSUM_CHARS).ok_or(MalformedSecret)?;
        let (body, sum) = text.split_at_checked(at).ok_or(MalformedSecret)?;
        if checksum(body) != sum {
            return Err(MalformedSecret);
        }
        let encoded = body.strip_prefix(kind.prefix()).ok_or(MalformedSecret)?;
        base64url::decode(encoded).map(Zeroizing::new).map_err(|_| MalformedSecret)
    }

    /// The hash under which a secret of this kind is stored, if the text is one.
    ///
    /// # Errors
    /// [`MalformedSecret`]
    pub fn hash_of(kind: SecretKind, text: &str) -> Result<SecretHash, MalformedSecret> {
        let bytes = Self::bytes_of(kind, text)?;
        if bytes.len() == SECRET_BYTES { Ok(SecretHash::of(text)) } else { Err(MalformedSecret) }
    }

    /// The text, to show it to the one who may know it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What the store keeps of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.text)
    }
}

impl fmt::Debug for PlainSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainSecret({:?})", self.kind)
    }
}

/// SHA-256 of a secret. A plain hash serves because the secrets have 256 random bits; passwords go another way.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; SECRET_BYTES]);

impl SecretHash {
    /// Hashes a secret.
    pub fn of(text: &str) -> Self {
        let mut hash = [0; SECRET_BYTES];
        hash.iter_mut()
            .zip(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(hash)
    }

    /// Whether it is the hash of this text; takes the same time wherever they differ.
    pub fn matches(&self, text: &str) -> bool {
        verify_slices_are_equal(&self.0, &Self::of(text).0).is_ok()
    }

    /// As the store keeps it.
    pub fn to_text(&self) -> String {
        base64url::encode(&self.0)
    }

    /// Reads what [`Self::to_text`] wrote; nothing when it is not that.
    pub fn parse(text: &str) -> Option<Self> {
        base64url::decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

const CHECKSUM_CHARS: usize = 6;

fn checksum(text: &str) -> String {
    base64url::encode(&crc32fast::hash(text.as_bytes()).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> PlainSecret {
        PlainSecret::new(SecretKind::Code, [7; SECRET_BYTES])
    }

    #[test]
    fn a_secret_reads_back_and_has_the_prefix_of_its_kind() {
        let secret = secret();
        assert!(secret.expose().starts_with("pac_"));
        assert_eq!(PlainSecret::hash_of(SecretKind::Code, secret.expose()), Ok(secret.hash()));
        assert_eq!(PlainSecret::hash_of(SecretKind::Session, secret.expose()), Err(MalformedSecret));
    }

    #[test]
    fn any_changed_character_is_noticed_before_the_store_is_asked() {
        let text = secret().expose().to_owned();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(PlainSecret::hash_of(SecretKind::Code, &changed), Err(MalformedSecret), "{at}");
            assert_eq!(PlainSecret::hash_of(SecretKind::Code, &text[..at]), Err(MalformedSecret), "cut at {at}");
        }
        for odd in ["", "pac_", "é", "pac_é23456", &"x".repeat(5_000)] {
            assert_eq!(PlainSecret::hash_of(SecretKind::Code, odd), Err(MalformedSecret), "{odd}");
        }
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = secret();
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "PlainSecret(Code) SecretHash");
    }

    #[test]
    fn a_hash_reads_back_and_matches_only_its_secret() {
        let hash = secret().hash();
        assert_eq!(SecretHash::parse(&hash.to_text()), Some(hash));
        assert!(hash.matches(secret().expose()) && !hash.matches("other"));
        assert_eq!(SecretHash::parse("short"), None);
    }
}
