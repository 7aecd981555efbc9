//! JSON Web Encryption (RFC 7516): bytes, encrypted.
//!
//! ```
//! use probity_jose::jwe::{
//!     self, ContentEncryptionAlgorithm, Decrypter, DecryptionKey, EncryptionKey, KeyManagementAlgorithm,
//! };
//!
//! // The recipient makes a key and publishes its public half.
//! let key = DecryptionKey::generate(KeyManagementAlgorithm::EcdhEsA256Kw)?.with_key_id("2026-11");
//! let published = key.public_jwk().unwrap();
//!
//! // Anybody can encrypt with that.
//! let public = EncryptionKey::from_jwk(published.as_bytes(), KeyManagementAlgorithm::EcdhEsA256Kw)?;
//! let token = jwe::encrypt(&jwe::NewHeader::default(), ContentEncryptionAlgorithm::A256Gcm, b"secret", &public)?;
//!
//! // Only the recipient can read it, and does not know from it who wrote it.
//! let decrypter = Decrypter::new([KeyManagementAlgorithm::EcdhEsA256Kw], [ContentEncryptionAlgorithm::A256Gcm]);
//! let decrypted = decrypter.decrypt(&token, &key.into())?;
//! assert_eq!(decrypted.content(), b"secret");
//! # Ok::<(), probity_jose::Error>(())
//! ```
//!
//! A JWT that is signed and then encrypted is one operation: [`jwt::Nested`](crate::jwt::Nested).

mod algorithm;
mod attempt;
mod compact;
mod content;
mod decrypt;
mod decrypted;
mod document;
mod encrypt;
mod header;
#[cfg(feature = "hpke-draft")]
pub mod hpke;
mod json;
mod key;
mod manage;
mod message;
mod new_header;
mod random;
mod short;
mod zip;

pub use algorithm::{ContentEncryptionAlgorithm, KeyManagementAlgorithm};
pub use decrypt::{Compression, Decrypter};
pub use decrypted::Decrypted;
pub use document::{NewDocument, NewRecipient, encrypt_flattened, encrypt_general};
pub use encrypt::{Encrypter, encrypt};
pub use header::Header;
pub use key::{DecryptionKey, DecryptionKeys, EncryptionKey};
pub use manage::AgreementCurve;
pub use new_header::NewHeader;
