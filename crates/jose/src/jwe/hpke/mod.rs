//! HPKE for JWE, as in draft-ietf-jose-hpke-encrypt: a draft, which may change.
//!
//! It stands apart from the rest of [`jwe`](crate::jwe), so that nothing there depends on what the draft becomes. The
//! base mode is here, on P-256, P-384, P-521 and X25519; X448 and pre-shared keys are not implemented.
//!
//! ```
//! use probity_jose::jwe::NewHeader;
//! use probity_jose::jwe::hpke::{self, Decrypter, DecryptionKey, HpkeAlgorithm};
//! let key = DecryptionKey::generate(HpkeAlgorithm::Hpke3)?;
//! let token = hpke::encrypt(&NewHeader::default(), b"secret", &key.encryption_key()?)?;
//! let decrypter = Decrypter::new([HpkeAlgorithm::Hpke3], []);
//! assert_eq!(decrypter.decrypt(&token, &[key])?.content(), b"secret");
//! # Ok::<(), probity_jose::Error>(())
//! ```

mod algorithm;
mod context;
mod decrypt;
mod encrypt;
mod header;
mod key;

pub use algorithm::HpkeAlgorithm;
pub use decrypt::{Decrypted, Decrypter};
pub use encrypt::{encrypt, encrypt_with_key};
pub use key::{DecryptionKey, EncryptionKey};
