//! The security manual: the known attacks on JOSE libraries, how they worked, what makes them impossible here, and the
//! vector that proves it.
//!
//! * [`signatures`]: no signature, another algorithm, another key, half of the signatures
//! * [`forms`]: one token in two spellings, one text with two meanings
//! * [`keys`]: keys that protect nothing, and key sets
//! * [`claims`]: tokens that are old, for somebody else, or of another kind
//! * [`encryption`]: what a recipient gives away by decrypting, and what it takes for proven
//! * [`resources`]: input that costs more than it should
//!
//! A vector is named by its file below the project's `vectors/` and its `id`, like `attack/algorithm.json#none-none`. A
//! test checks that each one named here exists.
//!
//! # What remains for the caller
//!
//! * Accept each `jti` of a client assertion or DPoP proof only once: the library keeps no memory.
//! * Fetch key sets from an address that was configured, never from one in a token, and replace the old set as a whole.
//! * Keep one [`JwkSet`](crate::JwkSet) for each issuer. A union of several issuers' keys lets each speak for the
//!   others.
//! * Never use a token, or its signature, as its identity: ECDSA signatures have a second valid form
//!   (`attack/signature.json#es-twin`). `jti` is the identity.
//! * Decide for a leeway knowingly. It is zero unless set.

pub mod claims;
pub mod encryption;
pub mod forms;
pub mod keys;
pub mod resources;
pub mod signatures;
