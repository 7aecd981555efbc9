//! The tables of algorithms for encryption: all that is known about an `alg` or an `enc` stands here.

use core::fmt;
use core::str::FromStr;

use aws_lc_rs::{aead, cipher, hmac, pbkdf2, rsa};

use crate::error::Error;

/// How the key of the content gets to the recipient (RFC 7516 section 2, "Key Management Mode").
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    /// Both sides have it already.
    Direct,
    /// Wrapped with AES (RFC 3394).
    AesWrap(Aes),
    /// Encrypted with AES-GCM.
    GcmWrap(Aes),
    /// Encrypted with RSA.
    Rsa(&'static rsa::OaepAlgorithm),
    /// Agreed upon, or wrapped with a key that is.
    Agreement(Option<Aes>),
    /// Wrapped with a key that is derived from a password.
    Password(&'static pbkdf2::Algorithm, Aes),
}

/// AES by the size of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aes {
    Aes128,
    Aes192,
    Aes256,
}

/// How content is encrypted and authenticated.
#[derive(Clone, Copy)]
pub(crate) enum Cipher {
    /// AES-GCM (RFC 7518 section 5.3).
    Gcm(Aes),
    /// AES-CBC with HMAC (RFC 7518 section 5.2).
    CbcHmac(Aes, hmac::Algorithm),
}

macro_rules! algorithms {
    (
        $(#[doc = $type_doc:literal])+
        $type:ident: $property:ident -> $of:ty;
        $($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $value:expr;)+
    ) => {
        $(#[doc = $type_doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The registered name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            pub(crate) const fn $property(self) -> $of {
                match self { $(Self::$variant => $value,)+ }
            }

            fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

algorithms! {
    /// An algorithm for key management, by its registered `alg` name (RFC 7518 section 4).
    ///
    /// Names are compared exactly. `RSA1_5` is not among them: its padding tells an attacker too much, in whatever way
    /// it is implemented.
    ///
    /// ```
    /// use probity_jose::{Error, jwe::KeyManagementAlgorithm};
    /// assert_eq!("ECDH-ES+A256KW".parse(), Ok(KeyManagementAlgorithm::EcdhEsA256Kw));
    /// assert_eq!("RSA1_5".parse::<KeyManagementAlgorithm>(), Err(Error::Rsa15));
    /// ```
    KeyManagementAlgorithm: mode -> Mode;

    /// A shared key encrypts the content itself (section 4.5).
    Dir = "dir", Mode::Direct;
    /// AES key wrap with a 128-bit key (section 4.4).
    A128Kw = "A128KW", Mode::AesWrap(Aes::Aes128);
    /// AES key wrap with a 192-bit key (section 4.4).
    A192Kw = "A192KW", Mode::AesWrap(Aes::Aes192);
    /// AES key wrap with a 256-bit key (section 4.4).
    A256Kw = "A256KW", Mode::AesWrap(Aes::Aes256);
    /// Key encryption with AES-GCM and a 128-bit key (section 4.7).
    A128GcmKw = "A128GCMKW", Mode::GcmWrap(Aes::Aes128);
    /// Key encryption with AES-GCM and a 192-bit key (section 4.7).
    A192GcmKw = "A192GCMKW", Mode::GcmWrap(Aes::Aes192);
    /// Key encryption with AES-GCM and a 256-bit key (section 4.7).
    A256GcmKw = "A256GCMKW", Mode::GcmWrap(Aes::Aes256);
    /// RSAES-OAEP with SHA-1 (section 4.3). The weaknesses of SHA-1 do not touch OAEP; for new systems take
    /// [`Self::RsaOaep256`].
    RsaOaep = "RSA-OAEP", Mode::Rsa(&rsa::OAEP_SHA1_MGF1SHA1);
    /// RSAES-OAEP with SHA-256 (section 4.3).
    RsaOaep256 = "RSA-OAEP-256", Mode::Rsa(&rsa::OAEP_SHA256_MGF1SHA256);
    /// RSAES-OAEP with SHA-384, registered by the W3C Web Cryptography API.
    RsaOaep384 = "RSA-OAEP-384", Mode::Rsa(&rsa::OAEP_SHA384_MGF1SHA384);
    /// RSAES-OAEP with SHA-512, registered by the W3C Web Cryptography API.
    RsaOaep512 = "RSA-OAEP-512", Mode::Rsa(&rsa::OAEP_SHA512_MGF1SHA512);
    /// Diffie-Hellman with an ephemeral key, whose result encrypts the content (section 4.6).
    EcdhEs = "ECDH-ES", Mode::Agreement(None);
    /// Diffie-Hellman with an ephemeral key, and AES key wrap with 128 bits (section 4.6).
    EcdhEsA128Kw = "ECDH-ES+A128KW", Mode::Agreement(Some(Aes::Aes128));
    /// Diffie-Hellman with an ephemeral key, and AES key wrap with 192 bits (section 4.6).
    EcdhEsA192Kw = "ECDH-ES+A192KW", Mode::Agreement(Some(Aes::Aes192));
    /// Diffie-Hellman with an ephemeral key, and AES key wrap with 256 bits (section 4.6).
    EcdhEsA256Kw = "ECDH-ES+A256KW", Mode::Agreement(Some(Aes::Aes256));
    /// A password, through PBKDF2 with HMAC and SHA-256, and AES key wrap with 128 bits (section 4.8).
    Pbes2Hs256A128Kw = "PBES2-HS256+A128KW", Mode::Password(&pbkdf2::PBKDF2_HMAC_SHA256, Aes::Aes128);
    /// A password, through PBKDF2 with HMAC and SHA-384, and AES key wrap with 192 bits (section 4.8).
    Pbes2Hs384A192Kw = "PBES2-HS384+A192KW", Mode::Password(&pbkdf2::PBKDF2_HMAC_SHA384, Aes::Aes192);
    /// A password, through PBKDF2 with HMAC and SHA-512, and AES key wrap with 256 bits (section 4.8).
    Pbes2Hs512A256Kw = "PBES2-HS512+A256KW", Mode::Password(&pbkdf2::PBKDF2_HMAC_SHA512, Aes::Aes256);
}

algorithms! {
    /// An algorithm for the content, by its registered `enc` name (RFC 7518 section 5).
    ///
    /// ```
    /// use probity_jose::jwe::ContentEncryptionAlgorithm;
    /// assert_eq!("A256GCM".parse(), Ok(ContentEncryptionAlgorithm::A256Gcm));
    /// assert_eq!(ContentEncryptionAlgorithm::A256CbcHs512.key_bytes(), 64);
    /// ```
    ContentEncryptionAlgorithm: cipher -> Cipher;

    /// AES-GCM with a 128-bit key (section 5.3).
    A128Gcm = "A128GCM", Cipher::Gcm(Aes::Aes128);
    /// AES-GCM with a 192-bit key (section 5.3).
    A192Gcm = "A192GCM", Cipher::Gcm(Aes::Aes192);
    /// AES-GCM with a 256-bit key (section 5.3).
    A256Gcm = "A256GCM", Cipher::Gcm(Aes::Aes256);
    /// AES-CBC with 128 bits and HMAC with SHA-256 (section 5.2.3).
    A128CbcHs256 = "A128CBC-HS256", Cipher::CbcHmac(Aes::Aes128, hmac::HMAC_SHA256);
    /// AES-CBC with 192 bits and HMAC with SHA-384 (section 5.2.4).
    A192CbcHs384 = "A192CBC-HS384", Cipher::CbcHmac(Aes::Aes192, hmac::HMAC_SHA384);
    /// AES-CBC with 256 bits and HMAC with SHA-512 (section 5.2.5).
    A256CbcHs512 = "A256CBC-HS512", Cipher::CbcHmac(Aes::Aes256, hmac::HMAC_SHA512);
}

impl KeyManagementAlgorithm {
    /// Whether sender and recipient share one secret: a key or a password.
    pub const fn is_symmetric(self) -> bool {
        !matches!(self.mode(), Mode::Rsa(_) | Mode::Agreement(_))
    }
}

impl FromStr for KeyManagementAlgorithm {
    type Err = Error;

    /// # Errors
    /// [`Error::Rsa15`], [`Error::KeyManagementUnknown`].
    fn from_str(name: &str) -> Result<Self, Error> {
        let unknown = if name == "RSA1_5" { Error::Rsa15 } else { Error::KeyManagementUnknown };
        Self::from_name(name).ok_or(unknown)
    }
}

impl ContentEncryptionAlgorithm {
    /// The length of the key, in bytes.
    pub const fn key_bytes(self) -> usize {
        match self.cipher() {
            Cipher::Gcm(aes) => aes.bytes(),
            // RFC 7518 section 5.2.2.1: half of it is for HMAC.
            Cipher::CbcHmac(aes, _) => 2 * aes.bytes(),
        }
    }

    /// The length of the initialization vector, in bytes.
    pub(crate) const fn iv_bytes(self) -> usize {
        match self.cipher() {
            Cipher::Gcm(_) => GCM_IV_BYTES,
            Cipher::CbcHmac(..) => CBC_IV_BYTES,
        }
    }

    /// The length of the authentication tag, in bytes.
    pub(crate) const fn tag_bytes(self) -> usize {
        match self.cipher() {
            Cipher::Gcm(_) => GCM_TAG_BYTES,
            // RFC 7518 sections 5.2.3 to 5.2.5: half of the hash.
            Cipher::CbcHmac(aes, _) => aes.bytes(),
        }
    }
}

impl FromStr for ContentEncryptionAlgorithm {
    type Err = Error;

    /// # Errors
    /// [`Error::ContentEncryptionUnknown`].
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::from_name(name).ok_or(Error::ContentEncryptionUnknown)
    }
}

impl Aes {
    /// The length of the key, in bytes.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    pub(crate) const fn gcm(self) -> &'static aead::Algorithm {
        match self {
            Self::Aes128 => &aead::AES_128_GCM,
            Self::Aes192 => &aead::AES_192_GCM,
            Self::Aes256 => &aead::AES_256_GCM,
        }
    }

    pub(crate) const fn cipher(self) -> &'static cipher::Algorithm {
        match self {
            Self::Aes128 => &cipher::AES_128,
            Self::Aes192 => &cipher::AES_192,
            Self::Aes256 => &cipher::AES_256,
        }
    }
}

/// The length of AES-GCM's initialization vector (RFC 7518 section 5.3).
pub(crate) const GCM_IV_BYTES: usize = 12;
/// The length of AES-GCM's tag (RFC 7518 section 5.3).
pub(crate) const GCM_TAG_BYTES: usize = 16;
/// The length of AES-CBC's initialization vector: one block.
pub(crate) const CBC_IV_BYTES: usize = 16;
/// The longest key of any content encryption, and the longest that is wrapped.
pub(crate) const MAX_KEY_BYTES: usize = 64;
/// The longest initialization vector.
pub(crate) const MAX_IV_BYTES: usize = 16;
/// The longest authentication tag.
pub(crate) const MAX_TAG_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_exactly_as_they_are_written() {
        for algorithm in KeyManagementAlgorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(*algorithm));
            assert_eq!(algorithm.name().parse::<ContentEncryptionAlgorithm>(), Err(Error::ContentEncryptionUnknown));
            let other = format!("{algorithm} ");
            assert_eq!(other.parse::<KeyManagementAlgorithm>(), Err(Error::KeyManagementUnknown));
        }
        for algorithm in ContentEncryptionAlgorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(*algorithm));
            let lower = algorithm.name().to_ascii_lowercase();
            assert_eq!(lower.parse::<ContentEncryptionAlgorithm>(), Err(Error::ContentEncryptionUnknown));
        }
        assert_eq!("RSA1_5".parse::<KeyManagementAlgorithm>(), Err(Error::Rsa15));
        for unknown in ["none", "", "DIR", "rsa1_5", "A256kw", "ECDH-1PU", "RSA-OAEP-1", "PBES2-HS256+A256KW"] {
            assert_eq!(unknown.parse::<KeyManagementAlgorithm>(), Err(Error::KeyManagementUnknown), "{unknown}");
        }
    }

    #[test]
    fn no_key_vector_or_tag_is_longer_than_its_buffer() {
        for algorithm in ContentEncryptionAlgorithm::ALL {
            assert!(algorithm.key_bytes() <= MAX_KEY_BYTES);
            assert!(algorithm.iv_bytes() <= MAX_IV_BYTES);
            assert!(algorithm.tag_bytes() <= MAX_TAG_BYTES);
        }
    }
}
