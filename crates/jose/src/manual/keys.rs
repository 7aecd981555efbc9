//! Attacks on keys: keys that protect nothing, keys for something else, and key sets.
//!
//! # Secrets that are too short or empty
//!
//! A missing key becomes the empty secret, and a MAC with the empty secret is easily made (CVE-2026-44351,
//! CVE-2026-45363).
//!
//! Here a secret shorter than the hash can't be constructed, and a look-up returns a key or an error, never a default.
//!
//! Vectors: `attack/keys.json#oct-empty`, `attack/keys.json#oct-short-HS512`, `attack/key-selection.json#no-keys`.
//!
//! # RSA keys that can be factored or used backwards
//!
//! Moduli of 1,024 bits, even ones, those of the ROCA chips (CVE-2017-15361), the exponent one. Here a modulus has 2,048
//! to 8,192 bits, is odd and not of the ROCA form; the exponent is odd, and at least 65,537. All numbers of a private
//! key are checked against each other.
//!
//! Vectors: `attack/keys.json#rsa-1024`, `attack/keys.json#rsa-exponent-one`, `attack/keys.json#rsa-roca`,
//! `attack/keys.json#rsa-private-dp`.
//!
//! # Points off the curve and of small order
//!
//! A point on another curve leaks the private key it is combined with (CVE-2016-9121); an Ed25519 point of small order
//! verifies a signature that holds for every message. Here points have the full length, lie on their curve, and are not
//! of small order, for Ed25519 and X25519 alike.
//!
//! Vectors: `attack/keys.json#ec-P-256-off-curve`, `attack/keys.json#okp-small-order-identity`,
//! `attack/keys.json#okp-off-curve`, `attack/keys.json#okp-x25519-small-order-0`.
//!
//! # Keys for something else
//!
//! A key for encryption that verifies signatures, a key for RS256 used with PS256. Here `use`, `key_ops` and `alg` are
//! enforced when a key is made, and certificates beside a key must be about it.
//!
//! Vectors: `attack/keys.json#use-enc`, `attack/keys.json#ops-sign-only`, `attack/keys.json#alg-other`,
//! `attack/keys.json#x5c-other-key`.
//!
//! # One bad key in a set
//!
//! A key of an unknown type made libraries refuse whole sets, and with them every token of the issuer. Here such a key is
//! [`skipped`](crate::JwkSet::skipped) with its reason.
//!
//! A secret in a set that also holds a public key is skipped too: such sets are published.
//!
//! Vectors: `attack/key-sets.json#unknown-type`, `attack/key-sets.json#broken-key`, `attack/key-sets.json#secret`.
//!
//! # Secrets in logs
//!
//! No private half is printed by `Debug`, no error carries input, and private bytes are overwritten when dropped.
