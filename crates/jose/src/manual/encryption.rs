//! Attacks on encryption: what a recipient gives away by decrypting, and what it takes for proven.
//!
//! # Encrypted is not authentic
//!
//! Anybody who has the recipient's public key can encrypt for it. An application that decrypted a token and trusted what
//! was inside let everybody in (CVE-2026-29000).
//!
//! Here [`Decrypted`](crate::jwe::Decrypted) never becomes [`Verified`](crate::jwt::Verified). A nested JWT is one
//! operation, [`Nested`](crate::jwt::Nested), whose inner signature is not optional.
//!
//! Vectors: `attack/jwe-nested.json#claims-only`, `attack/jwe-nested.json#unsecured`,
//! `attack/jwe-nested.json#own-key-in-header`, `attack/jwe-nested.json#cty-missing`.
//!
//! # Questions that the recipient answers
//!
//! Whoever learns whether the padding, the length or the key was wrong decrypts by asking often enough: Bleichenbacher's
//! attack on RSA1_5 (CVE-2016-6298), Vaudenay's on CBC (CVE-2016-9123).
//!
//! Here RSA1_5 is not implemented, on purpose. The MAC is checked before any padding, and all that goes wrong once
//! decryption has begun is one error, [`Error::DecryptionFailed`](crate::Error::DecryptionFailed).
//!
//! Vectors: `attack/jwe-algorithm.json#rsa1_5`, `attack/jwe-tampering.json#A128CBC-HS256 ct -1`,
//! `attack/jwe-tampering.json#A128CBC-HS256 tag 0`.
//!
//! # Tags that are too short
//!
//! A tag of one byte is guessed in 256 attempts (CVE-2018-1000539, CVE-2023-37464, CVE-2025-54887). Here tags and
//! initialization vectors have exactly the length of their algorithm, which is checked before anything is calculated.
//!
//! Vectors: `attack/jwe-lengths.json#A128GCM tag 1`, `attack/jwe-lengths.json#A256GCM tag 15`,
//! `attack/jwe-lengths.json#A128CBC-HS256 iv 0`.
//!
//! # Points that leak the key
//!
//! An `epk` that is not on the curve, or of small order, makes the agreement depend on a few bits of the private key,
//! which are thus found (CVE-2016-9121). Here it must be on the curve of the recipient's key, of full length, and not of
//! small order.
//!
//! Vectors: `attack/jwe-agreement.json#point-y-plus-one`, `attack/jwe-agreement.json#curve-P-384`,
//! `attack/jwe-agreement.json#x25519 zero`.
//!
//! # Work that the sender chooses
//!
//! A PBES2 count of two thousand millions keeps the recipient busy for hours (CVE-2022-36083, CVE-2023-50658,
//! CVE-2026-27932). Here it is between [`MIN_PBES2_COUNT`](crate::limits::MIN_PBES2_COUNT) and
//! [`MAX_PBES2_COUNT`](crate::limits::MAX_PBES2_COUNT), checked first, and the sum over all recipients and passwords is
//! bounded as well.
//!
//! Compressed content of a few bytes becomes megabytes (CVE-2024-28176, CVE-2026-39373). Here compression is refused
//! unless it is asked for, and then stops at [`MAX_INFLATED_BYTES`](crate::limits::MAX_INFLATED_BYTES) of output.
//!
//! Vectors: `attack/jwe-password.json#count 2147483647`, `attack/jwe-password.json#count 999`,
//! `attack/jwe-compression.json#refused`, `attack/jwe-compression.json#bomb 10000000`,
//! `attack/jwe-compression.json#trailing byte`.
//!
//! # The header chooses
//!
//! `jwk`, `jku`, `x5c` and `x5u` choose no key here either, and parameters that stand in two headers are refused.
//!
//! Vectors: `attack/jwe-key-selection.json#header-jwk`, `attack/jwe-key-selection.json#unknown`,
//! `attack/jwe-key-selection.json#ambiguous`.
