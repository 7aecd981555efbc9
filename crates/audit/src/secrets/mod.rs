//! Secrets that can be guessed: published ones, ones that follow from the context, word lists, all short ones.

mod derive;
mod encrypt;
mod known;
mod public_key;
mod search;
mod variants;
mod wordlist;

pub use derive::derived;
pub use encrypt::{agreed, encrypt_compressed, encrypt_direct, encrypt_to, open_direct};
pub use known::{KnownSecret, known_secrets};
pub use public_key::{certificate_secrets, public_key_secrets};
pub use search::{Hit, Search};
pub use variants::{Encoding, each_variant};
pub use wordlist::{Progress, Wordlist};
