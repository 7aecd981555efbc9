//! Attacks on the signature: leaving it out, choosing its algorithm, bringing the key along.
//!
//! # A token without signature
//!
//! RFC 7515 has an algorithm `none`, whose signature is empty. Libraries that let the token choose accepted it; those
//! that had a list of forbidden names missed `nOnE` (CVE-2026-28802, GHSA-8wpc-h4q6-8fxv, and many
//! before them since 2015).
//!
//! Here `none` is no value of [`SignatureAlgorithm`](crate::SignatureAlgorithm), and names are compared exactly. A look
//! at a token before it is verified is another type, [`Unverified`](crate::jwt::Unverified), which can't become a
//! [`Verified`](crate::jwt::Verified).
//!
//! Vectors: `attack/algorithm.json#none-none`, `attack/algorithm.json#none-nOnE`, `attack/algorithm.json#none-escaped`,
//! `attack/compact-form.json#empty-signature`.
//!
//! # The public key as a secret
//!
//! The token says HS256 instead of RS256, and the library computes a MAC with the bytes of the public key, which
//! everybody knows (CVE-2015-9235, CVE-2022-29217, and again in CVE-2026-34950 and CVE-2026-48526). Lists of what a PEM
//! text looks like have failed six times.
//!
//! Here no function takes a key without saying what it is, and a key has exactly one algorithm:
//! [`VerifyingKey::algorithm`](crate::VerifyingKey::algorithm). The header's `alg` is compared with it and never chooses.
//!
//! Vectors: `attack/algorithm.json#confusion-rsa-pem`, `attack/algorithm.json#confusion-ed-raw`,
//! `attack/algorithm.json#confusion-empty-secret`, `attack/algorithm.json#header-lies-rs-ps`.
//!
//! # Checking one algorithm and using another
//!
//! The header's `alg` passes the list of allowed ones, and that of the key, or of the unprotected header, is then used
//! (CVE-2026-48523; GHSA-jc38-x7x8-2xc8).
//!
//! Here there is one value. A parameter in both headers is refused, `crit` and `b64` must be protected, and an
//! unprotected `alg` is accepted only from keys that had this algorithm before the token was seen.
//!
//! Vectors: `attack/json-serialization.json#overlap-alg`, `attack/json-serialization.json#unprotected-alg-open-key`,
//! `attack/algorithm.json#not-allowed`, `attack/algorithm.json#nothing-allowed`.
//!
//! # The token brings its key
//!
//! `jwk`, `x5c`, `jku` and `x5u` in a header name the key of whoever made the token. Libraries took it, or fetched it
//! from an address of the attacker's choice (CVE-2026-27962, CVE-2026-48522).
//!
//! Here these parameters choose nothing, and nothing is ever fetched. The one exception has a type of its own:
//! [`DpopVerifier`](crate::jwt::DpopVerifier) takes the key of a DPoP proof and returns its thumbprint, which says
//! nothing by itself.
//!
//! Vectors: `attack/key-selection.json#embedded-jwk`, `attack/key-selection.json#embedded-jwk-no-keys`,
//! `attack/key-selection.json#jku`, `attack/key-selection.json#x5c`, `attack/profiles.json#dpop-private-key`.
//!
//! # Another key of the set
//!
//! A token names a key that does not exist, and the library tries all others; or two keys have one name.
//!
//! Here an unknown `kid` is refused unless [`UnknownKeyId::TryAllKeys`](crate::jws::UnknownKeyId) is asked for, and an
//! ambiguous one always. A token without `kid` is tried against the keys of its algorithm, up to
//! [`MAX_KEY_ATTEMPTS`](crate::limits::MAX_KEY_ATTEMPTS).
//!
//! Vectors: `attack/key-selection.json#kid-unknown`, `attack/key-selection.json#kid-twice-in-set`,
//! `attack/key-selection.json#kid-path`, `attack/key-selection.json#many-candidates`.
//!
//! # Some signatures of several
//!
//! A document with one good and one bad signature, or with an empty list of them, counts as signed (CVE-2016-9122).
//!
//! Here the caller says what is [`Required`](crate::jws::Required), the result names each signature with its own
//! verdict, one key counts once, and an empty list is an error.
//!
//! Vectors: `attack/json-serialization.json#general-none`, `attack/json-serialization.json#general-all-stranger`,
//! `attack/json-serialization.json#general-all-bad-first`.
//!
//! # Numbers that are valid for everything
//!
//! Java accepted the ECDSA signature of all zeros for every message and key (CVE-2022-21449). Other libraries take
//! signatures of other lengths, in DER, or with S beyond the group's order in EdDSA (RUSTSEC-2022-0093).
//!
//! Here ECDSA signatures are two numbers of the curve's length from 1 to below the order, and EdDSA's S is reduced: the
//! cryptographic library checks both. What it does not check are Ed25519 keys of small order, for which
//! one signature is valid for every message: those keys can't be constructed (see [`keys`](super::keys)).
//!
//! Vectors: `attack/signature.json#es-r0-s0`, `attack/signature.json#es-der`, `attack/signature.json#es-padded`,
//! `attack/signature.json#ed-s-plus-order`, `attack/signature.json#ps-salt-20`, `attack/signature.json#hs-one-byte`.
//!
//! # Extensions that nobody reads
//!
//! `crit` names extensions without which the token must not be accepted. Libraries ignored it (CVE-2025-59420,
//! CVE-2026-32597, CVE-2026-35042), so that a strict gateway and a lenient service disagree about a token.
//!
//! Here an unknown extension is refused, and so is a `crit` that is empty, lists a name twice, a registered one, or one
//! that is not in the protected header.
//!
//! Vectors: `attack/critical.json#unknown`, `attack/critical.json#empty`, `attack/critical.json#registered-alg`,
//! `attack/critical.json#unprotected`.
//!
//! # Which bytes are signed
//!
//! With `b64` false the payload is signed as it is. Who does not know the parameter reads another payload under the
//! same signature.
//!
//! Here `b64` is accepted only with `crit`, with one value in all signatures of a document, and never in a JWT.
//!
//! Vectors: `attack/unencoded-payload.json#without-crit`, `attack/unencoded-payload.json#mixed`,
//! `attack/unencoded-payload.json#in-jwt`, `attack/unencoded-payload.json#signed-as-if-encoded`.
//!
//! # Guessing a MAC byte by byte
//!
//! A comparison that stops at the first difference tells how many bytes were right. Here MACs and secrets are compared
//! in constant time.
