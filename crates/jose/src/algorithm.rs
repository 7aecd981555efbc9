//! The table of signature algorithms: all that is known about an `alg` stands here and nowhere else.

use core::fmt;
use core::str::FromStr;

use aws_lc_rs::{digest, hmac, rsa, signature};

use crate::error::Error;

/// How an algorithm works, and with what of the cryptographic library.
#[derive(Clone, Copy)]
pub(crate) enum Family {
    Hmac(hmac::Algorithm),
    Rsa {
        verify: &'static rsa::RsaParameters,
        sign: &'static dyn signature::RsaEncoding,
    },
    Ecdsa {
        curve: Curve,
        verify: &'static dyn signature::VerificationAlgorithm,
        sign: &'static signature::EcdsaSigningAlgorithm,
    },
    Ed25519,
    MlDsa {
        verify: &'static dyn signature::VerificationAlgorithm,
        sign: &'static signature::PqdsaSigningAlgorithm,
    },
}

macro_rules! algorithms {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $family:expr, hash $hash:expr;)+) => {
        /// A signature or MAC algorithm of JWS, by its registered `alg` name.
        ///
        /// Names are compared exactly: `hs256` is unknown. `none` is not among them, so that no code can choose it.
        ///
        /// ```
        /// use probity_jose::SignatureAlgorithm;
        /// assert_eq!("ES256".parse(), Ok(SignatureAlgorithm::Es256));
        /// assert!("none".parse::<SignatureAlgorithm>().is_err());
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum SignatureAlgorithm {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl SignatureAlgorithm {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The registered name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            pub(crate) const fn family(self) -> Family {
                match self { $(Self::$variant => $family,)+ }
            }

            /// The hash over the message, for the algorithms that can work on a stream.
            pub(crate) const fn hash(self) -> Option<&'static digest::Algorithm> {
                match self { $(Self::$variant => $hash,)+ }
            }

            fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

algorithms! {
    /// HMAC with SHA-256 (RFC 7518 section 3.2).
    Hs256 = "HS256", Family::Hmac(hmac::HMAC_SHA256), hash Some(&digest::SHA256);
    /// HMAC with SHA-384 (RFC 7518 section 3.2).
    Hs384 = "HS384", Family::Hmac(hmac::HMAC_SHA384), hash Some(&digest::SHA384);
    /// HMAC with SHA-512 (RFC 7518 section 3.2).
    Hs512 = "HS512", Family::Hmac(hmac::HMAC_SHA512), hash Some(&digest::SHA512);
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).
    Rs256 = "RS256", Family::Rsa { verify: &signature::RSA_PKCS1_2048_8192_SHA256, sign: &signature::RSA_PKCS1_SHA256 }, hash Some(&digest::SHA256);
    /// RSASSA-PKCS1-v1_5 with SHA-384 (RFC 7518 section 3.3).
    Rs384 = "RS384", Family::Rsa { verify: &signature::RSA_PKCS1_2048_8192_SHA384, sign: &signature::RSA_PKCS1_SHA384 }, hash Some(&digest::SHA384);
    /// RSASSA-PKCS1-v1_5 with SHA-512 (RFC 7518 section 3.3).
    Rs512 = "RS512", Family::Rsa { verify: &signature::RSA_PKCS1_2048_8192_SHA512, sign: &signature::RSA_PKCS1_SHA512 }, hash Some(&digest::SHA512);
    /// RSASSA-PSS with SHA-256 (RFC 7518 section 3.5).
    Ps256 = "PS256", Family::Rsa { verify: &signature::RSA_PSS_2048_8192_SHA256, sign: &signature::RSA_PSS_SHA256 }, hash Some(&digest::SHA256);
    /// RSASSA-PSS with SHA-384 (RFC 7518 section 3.5).
    Ps384 = "PS384", Family::Rsa { verify: &signature::RSA_PSS_2048_8192_SHA384, sign: &signature::RSA_PSS_SHA384 }, hash Some(&digest::SHA384);
    /// RSASSA-PSS with SHA-512 (RFC 7518 section 3.5).
    Ps512 = "PS512", Family::Rsa { verify: &signature::RSA_PSS_2048_8192_SHA512, sign: &signature::RSA_PSS_SHA512 }, hash Some(&digest::SHA512);
    /// ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4).
    Es256 = "ES256", Family::Ecdsa { curve: Curve::P256, verify: &signature::ECDSA_P256_SHA256_FIXED, sign: &signature::ECDSA_P256_SHA256_FIXED_SIGNING }, hash Some(&digest::SHA256);
    /// ECDSA on P-384 with SHA-384 (RFC 7518 section 3.4).
    Es384 = "ES384", Family::Ecdsa { curve: Curve::P384, verify: &signature::ECDSA_P384_SHA384_FIXED, sign: &signature::ECDSA_P384_SHA384_FIXED_SIGNING }, hash Some(&digest::SHA384);
    /// ECDSA on P-521 with SHA-512 (RFC 7518 section 3.4).
    Es512 = "ES512", Family::Ecdsa { curve: Curve::P521, verify: &signature::ECDSA_P521_SHA512_FIXED, sign: &signature::ECDSA_P521_SHA512_FIXED_SIGNING }, hash Some(&digest::SHA512);
    /// ECDSA on secp256k1 with SHA-256 (RFC 8812 section 3.2).
    Es256K = "ES256K", Family::Ecdsa { curve: Curve::Secp256k1, verify: &signature::ECDSA_P256K1_SHA256_FIXED, sign: &signature::ECDSA_P256K1_SHA256_FIXED_SIGNING }, hash Some(&digest::SHA256);
    /// EdDSA with an Ed25519 key (RFC 8037 section 3.1), a name that RFC 9864 deprecates in favour of [`Self::Ed25519`].
    EdDsa = "EdDSA", Family::Ed25519, hash None;
    /// EdDSA on Ed25519, by its fully specified name (RFC 9864 section 2.2).
    Ed25519 = "Ed25519", Family::Ed25519, hash None;
    /// ML-DSA-44 (RFC 9964).
    MlDsa44 = "ML-DSA-44", Family::MlDsa { verify: &signature::ML_DSA_44, sign: &signature::ML_DSA_44_SIGNING }, hash None;
    /// ML-DSA-65 (RFC 9964).
    MlDsa65 = "ML-DSA-65", Family::MlDsa { verify: &signature::ML_DSA_65, sign: &signature::ML_DSA_65_SIGNING }, hash None;
    /// ML-DSA-87 (RFC 9964).
    MlDsa87 = "ML-DSA-87", Family::MlDsa { verify: &signature::ML_DSA_87, sign: &signature::ML_DSA_87_SIGNING }, hash None;
}

impl SignatureAlgorithm {
    /// Whether signer and verifier share one secret.
    pub const fn is_symmetric(self) -> bool {
        matches!(self.family(), Family::Hmac(_))
    }

    /// Reads a header's `alg`, and says why when it is refused on purpose.
    pub(crate) fn from_header(name: &str) -> Result<Self, Error> {
        // RFC 8725 section 3.2: `none` in any spelling is told apart only to say so.
        let unknown = if name.eq_ignore_ascii_case("none") { Error::AlgorithmNone } else { Error::AlgorithmUnknown };
        Self::from_name(name).ok_or(unknown)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl FromStr for SignatureAlgorithm {
    type Err = Error;

    /// # Errors
    /// [`Error::AlgorithmNone`], [`Error::AlgorithmUnknown`].
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::from_header(name)
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of algorithms that a verifier allows. The empty set allows nothing.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct AlgorithmSet(u32);

impl AlgorithmSet {
    /// Whether the set holds an algorithm.
    pub const fn contains(self, algorithm: SignatureAlgorithm) -> bool {
        self.0 & algorithm.bit() != 0
    }
}

impl FromIterator<SignatureAlgorithm> for AlgorithmSet {
    fn from_iter<I: IntoIterator<Item = SignatureAlgorithm>>(algorithms: I) -> Self {
        Self(algorithms.into_iter().fold(0, |set, algorithm| set | algorithm.bit()))
    }
}

impl fmt::Debug for AlgorithmSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(SignatureAlgorithm::ALL.iter().filter(|algorithm| self.contains(**algorithm))).finish()
    }
}

macro_rules! curves {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $bytes:literal, $oid:literal;)+) => {
        /// An elliptic curve of key type `EC`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Curve {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Curve {
            /// The `crv` name.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The length of a coordinate and of a private key, in bytes.
            pub(crate) const fn bytes(self) -> usize {
                match self { $(Self::$variant => $bytes,)+ }
            }

            /// The object identifier's DER content.
            pub(crate) const fn oid(self) -> &'static [u8] {
                match self { $(Self::$variant => $oid,)+ }
            }

            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)+];
        }
    };
}

curves! {
    /// NIST P-256, 1.2.840.10045.3.1.7.
    P256 = "P-256", 32, b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
    /// NIST P-384, 1.3.132.0.34.
    P384 = "P-384", 48, b"\x2b\x81\x04\x00\x22";
    /// NIST P-521, 1.3.132.0.35.
    P521 = "P-521", 66, b"\x2b\x81\x04\x00\x23";
    /// secp256k1, 1.3.132.0.10.
    Secp256k1 = "secp256k1", 32, b"\x2b\x81\x04\x00\x0a";
}

impl Curve {
    /// The algorithm that signs on this curve.
    pub(crate) const fn signature_algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::P256 => SignatureAlgorithm::Es256,
            Self::P384 => SignatureAlgorithm::Es384,
            Self::P521 => SignatureAlgorithm::Es512,
            Self::Secp256k1 => SignatureAlgorithm::Es256K,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_exactly_as_they_are_written() {
        for algorithm in SignatureAlgorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(*algorithm));
            let lower = algorithm.name().to_ascii_lowercase();
            let upper = algorithm.name().to_ascii_uppercase();
            for other in [lower, upper, format!("{algorithm} "), format!(" {algorithm}")] {
                assert!(other == algorithm.name() || other.parse::<SignatureAlgorithm>().is_err(), "{other}");
            }
        }
        for none in ["none", "None", "NONE", "nOnE"] {
            assert_eq!(none.parse::<SignatureAlgorithm>(), Err(Error::AlgorithmNone));
        }
        for unknown in ["", "RSA1_5", "ES521", "Ed448", "HS1", "RS1"] {
            assert_eq!(unknown.parse::<SignatureAlgorithm>(), Err(Error::AlgorithmUnknown), "{unknown}");
        }
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_an_empty_one_nothing() {
        let set: AlgorithmSet = [SignatureAlgorithm::Es256, SignatureAlgorithm::MlDsa87].into_iter().collect();
        for algorithm in SignatureAlgorithm::ALL {
            let expected = matches!(algorithm, SignatureAlgorithm::Es256 | SignatureAlgorithm::MlDsa87);
            assert_eq!(set.contains(*algorithm), expected, "{algorithm}");
            assert!(!AlgorithmSet::default().contains(*algorithm));
        }
    }
}
