//! A token that has passed everything.

use std::sync::Arc;

use super::RegisteredClaims;
use crate::jws::Header;
use crate::key::VerifyingKey;

/// A token whose signature and claims have been verified. Only a [`Verifier`](super::Verifier) makes one.
///
/// `C` is the caller's type of claims. `T` is that of the texts in the registered claims: owned, unless the token was
/// verified [in a buffer](super::Verifier::verify_in).
#[derive(Debug, Clone)]
pub struct Verified<C, T = String> {
    pub(super) claims: C,
    pub(super) registered: RegisteredClaims<T>,
    pub(super) header: Arc<Header>,
    pub(super) key: VerifyingKey,
}

impl<C, T> Verified<C, T> {
    /// The claims as the caller's type.
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// Takes the claims.
    pub fn into_claims(self) -> C {
        self.claims
    }

    /// The registered claims.
    pub fn registered(&self) -> &RegisteredClaims<T> {
        &self.registered
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The key that verified the signature.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// `kid` of the key that verified the signature.
    pub fn key_id(&self) -> Option<&str> {
        self.key.key_id()
    }
}
