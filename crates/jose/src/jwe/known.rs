//! What a header that has been read before led to.

use std::sync::Arc;

use super::header::Header;
use super::key::DecryptionKey;

/// A header and the one key that it leads to.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) header: Arc<Header>,
    pub(crate) key: DecryptionKey,
}

/// The first few headers of JWEs that were decrypted with a set of keys.
pub(crate) type KnownHeaders = crate::jws::KnownHeaders<Known>;
