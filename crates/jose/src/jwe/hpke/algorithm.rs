//! The table of algorithms (the draft's sections 5 and 6).

use core::fmt;
use core::str::FromStr;

use aws_lc_rs::{aead, hkdf};

use crate::error::Error;
use crate::jwe::AgreementCurve;

/// What an algorithm is made of, with the identifiers of RFC 9180 section 7.
#[derive(Clone, Copy)]
pub(super) struct Suite {
    pub(super) kem: Kem,
    pub(super) kdf: (u16, hkdf::Algorithm),
    pub(super) aead: (u16, &'static aead::Algorithm),
}

/// A key encapsulation (RFC 9180 section 7.1).
#[derive(Clone, Copy)]
pub(super) struct Kem {
    pub(super) id: u16,
    pub(super) curve: AgreementCurve,
    pub(super) hash: hkdf::Algorithm,
}

const P256: Kem = Kem { id: 0x10, curve: AgreementCurve::P256, hash: hkdf::HKDF_SHA256 };
const P384: Kem = Kem { id: 0x11, curve: AgreementCurve::P384, hash: hkdf::HKDF_SHA384 };
const P521: Kem = Kem { id: 0x12, curve: AgreementCurve::P521, hash: hkdf::HKDF_SHA512 };
const X25519: Kem = Kem { id: 0x20, curve: AgreementCurve::X25519, hash: hkdf::HKDF_SHA256 };

const SHA256: (u16, hkdf::Algorithm) = (1, hkdf::HKDF_SHA256);
const SHA384: (u16, hkdf::Algorithm) = (2, hkdf::HKDF_SHA384);
const SHA512: (u16, hkdf::Algorithm) = (3, hkdf::HKDF_SHA512);

const AES_128: (u16, &aead::Algorithm) = (1, &aead::AES_128_GCM);
const AES_256: (u16, &aead::Algorithm) = (2, &aead::AES_256_GCM);
const CHACHA: (u16, &aead::Algorithm) = (3, &aead::CHACHA20_POLY1305);

macro_rules! algorithms {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $($suite:ident)+, $integrated:literal;)+) => {
        /// An algorithm of HPKE for JWE, by its `alg` name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum HpkeAlgorithm {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl HpkeAlgorithm {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whether HPKE encrypts the content itself, so that there is no `enc`. Otherwise it encrypts the content's
            /// key.
            pub const fn is_integrated(self) -> bool {
                match self { $(Self::$variant => $integrated,)+ }
            }

            pub(super) const fn suite(self) -> Suite {
                match self { $(Self::$variant => suite($($suite,)+),)+ }
            }
        }
    };
}

const fn suite(kem: Kem, kdf: (u16, hkdf::Algorithm), aead: (u16, &'static aead::Algorithm)) -> Suite {
    Suite { kem, kdf, aead }
}

algorithms! {
    /// P-256, SHA-256 and AES-128-GCM, for the content.
    Hpke0 = "HPKE-0", P256 SHA256 AES_128, true;
    /// P-256, SHA-256 and AES-128-GCM, for the content's key.
    Hpke0Ke = "HPKE-0-KE", P256 SHA256 AES_128, false;
    /// P-384, SHA-384 and AES-256-GCM, for the content.
    Hpke1 = "HPKE-1", P384 SHA384 AES_256, true;
    /// P-384, SHA-384 and AES-256-GCM, for the content's key.
    Hpke1Ke = "HPKE-1-KE", P384 SHA384 AES_256, false;
    /// P-521, SHA-512 and AES-256-GCM, for the content.
    Hpke2 = "HPKE-2", P521 SHA512 AES_256, true;
    /// P-521, SHA-512 and AES-256-GCM, for the content's key.
    Hpke2Ke = "HPKE-2-KE", P521 SHA512 AES_256, false;
    /// X25519, SHA-256 and AES-128-GCM, for the content.
    Hpke3 = "HPKE-3", X25519 SHA256 AES_128, true;
    /// X25519, SHA-256 and AES-128-GCM, for the content's key.
    Hpke3Ke = "HPKE-3-KE", X25519 SHA256 AES_128, false;
    /// X25519, SHA-256 and ChaCha20-Poly1305, for the content.
    Hpke4 = "HPKE-4", X25519 SHA256 CHACHA, true;
    /// X25519, SHA-256 and ChaCha20-Poly1305, for the content's key.
    Hpke4Ke = "HPKE-4-KE", X25519 SHA256 CHACHA, false;
    /// P-256, SHA-256 and AES-256-GCM, for the content.
    Hpke7 = "HPKE-7", P256 SHA256 AES_256, true;
    /// P-256, SHA-256 and AES-256-GCM, for the content's key.
    Hpke7Ke = "HPKE-7-KE", P256 SHA256 AES_256, false;
}

impl FromStr for HpkeAlgorithm {
    type Err = Error;

    /// # Errors
    /// [`Error::KeyManagementUnknown`].
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name).ok_or(Error::KeyManagementUnknown)
    }
}

impl fmt::Display for HpkeAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
