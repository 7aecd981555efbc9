//! Keys for encryption: one algorithm, one direction, prepared for use.

mod decryption;
mod encryption;
mod export;
mod role;
mod set;

pub use decryption::DecryptionKey;
pub use encryption::EncryptionKey;
pub(crate) use encryption::{Options, Wrapped};
pub use set::DecryptionKeys;
