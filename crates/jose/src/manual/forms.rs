//! Attacks on the form: one token in two spellings, one text with two meanings.
//!
//! # base64url with room
//!
//! Padding, whitespace, the standard alphabet or bits that are thrown away give one token many spellings. Lists of
//! revoked or used tokens then miss it.
//!
//! Here [`base64url::decode`](crate::base64url::decode) accepts exactly what `encode` makes.
//!
//! Vectors: `attack/base64url.json#padding-payload`, `attack/base64url.json#unused-bits-signature`,
//! `attack/base64url.json#standard-plus`, `attack/base64url.json#in-payload-line-feed`.
//!
//! # A name that stands twice
//!
//! `{"sub":"alice","sub":"admin"}`: a gateway takes the first, the service behind it the last. Ten of fourteen libraries
//! accept it.
//!
//! Here one reader serves headers, keys and claims. It refuses a name that stands twice at any depth, compared after
//! escapes are resolved, before anything is read.
//!
//! Vectors: `attack/json.json#claims-twice-sub`, `attack/json.json#claims-twice-sub-escaped`,
//! `attack/json.json#header-twice-deep`, `attack/key-sets.json#twice`.
//!
//! # Text that is no JSON, or no text
//!
//! Half surrogate pairs, broken UTF-8, numbers like `1e400`: readers replace, cut or round them, each in its own way.
//! Here they are refused, also where nobody looks.
//!
//! Vectors: `attack/json.json#header-utf8-broken`, `attack/json.json#claims-lone-surrogate`,
//! `attack/json.json#claims-huge-number`.
//!
//! # A text in two serializations
//!
//! A JSON serialization whose text also splits at its dots: the verifier reads the one, the application the other
//! (CVE-2022-39227).
//!
//! Here compact and JSON serialization are separate functions, and the payload comes only out of the verified value.
//!
//! Vectors: `attack/compact-form.json#polyglot`, `attack/compact-form.json#json-as-compact`.
//!
//! # Types that are nearly right
//!
//! A header that is an array, an `alg` that is an object, a struct that a deserializer reads from a list. Here each
//! parameter has one type, and a caller's struct is read from an object only.
//!
//! Vectors: `attack/json.json#header-is-array`, `attack/algorithm.json#is-array`,
//! `attack/key-selection.json#kid-is-object`.
