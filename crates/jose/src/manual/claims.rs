//! Attacks on claims: tokens that are old, for somebody else, or of another kind.
//!
//! # A check that is skipped
//!
//! An `exp` that is a string was taken for a missing one, and a missing one for no limit (CVE-2026-25537,
//! CVE-2026-44459). An `aud` that is no string was not compared (CVE-2020-26160), or compared as a part of a text
//! (CVE-2024-53861).
//!
//! Here a claim of the wrong type makes the token invalid. Dates are numbers from zero to below 2^53. Whatever the
//! verifier expects must be there, and texts are compared exactly.
//!
//! Vectors: `attack/claims.json#exp-string`, `attack/claims.json#exp-missing`, `attack/claims.json#exp-zero`,
//! `attack/claims.json#aud-is-object`, `attack/claims.json#aud-substring`, `attack/claims.json#iss-missing`.
//!
//! # A policy that is forgotten
//!
//! Defaults that check nothing. Here a [`Verifier`](crate::jwt::Verifier) without issuer, audience, type and algorithms
//! does not compile; each way around has `danger` or `Unchecked` in its name.
//!
//! # A token of another kind
//!
//! An ID token used as an access token, an access token as a client assertion: same issuer, same key. Here each kind has
//! its [profile](crate::jwt::profile) with its own `typ` and its own rules.
//!
//! Vectors: `attack/profiles.json#id-as-at`, `attack/profiles.json#at-as-id`,
//! `attack/profiles.json#assertion-as-request`, `attack/profiles.json#logout-nonce`, `attack/claims.json#typ-other-jwt`.
//!
//! # A token for two audiences
//!
//! A client assertion that also names the attacker's server can be played on by it. Here
//! [`only_audience`](crate::jwt::Builder::only_audience) accepts exactly one.
//!
//! Vectors: `attack/profiles.json#assertion-two-audiences`.
//!
//! # An expired token hides a forged one
//!
//! A library that reports the first error it finds says "expired" about a forged token, and a caller that tolerates
//! expired tokens then accepts it (CVE-2024-51744). Here the signature comes first, and nothing follows from the claims
//! of a forged token.
//!
//! Vectors: `attack/claims.json#signature-first`.
//!
//! # Time that is off by minutes
//!
//! One library tolerates fifteen minutes unless told otherwise. Here the leeway is zero unless set, and the clock is an
//! argument.
//!
//! Vectors: `attack/claims.json#exp-at`, `attack/claims.json#nbf-future`, `attack/claims.json#iat-future`.
