//! Attacks on resources: input that costs more than it should, before anybody is authenticated.
//!
//! # Size, dots and depth
//!
//! A token of many dots was split into millions of parts (CVE-2025-27144, CVE-2025-30204), deeply nested JSON ended a
//! stack (CVE-2025-53864).
//!
//! Here every limit has a name in [`limits`](crate::limits) and is checked first: token, header, nesting, audiences,
//! signatures, keys, names in `crit`. A token is split at two dots, whatever follows.
//!
//! Vectors: `attack/compact-form.json#many-dots`, `attack/json.json#header-very-deep`, `attack/claims.json#too-large`,
//! `attack/key-selection.json#header-long`, `attack/critical.json#many`.
//!
//! # Many keys, many signatures, large keys
//!
//! Verification takes time for each key that is tried, each signature that is listed, and with the square of an RSA
//! modulus. Here all three are bounded.
//!
//! Vectors: `attack/key-selection.json#many-candidates`, `attack/json-serialization.json#general-many`,
//! `attack/keys.json#rsa-8200`, `attack/key-sets.json#too-many`.
//!
//! # Panics
//!
//! No input ends the program: the library has no `unsafe`, no indexing and no `unwrap` outside of tests, and its
//! arithmetic on dates saturates.
//!
//! Vectors: `attack/claims.json#exp-max-i64`, `attack/claims.json#exp-max-u64`.
