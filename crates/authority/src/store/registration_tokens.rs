//! Initial access tokens of clients that register themselves.

use probity_jose::UnixTime;

use super::engine::{Store, StoreError};
use super::write::{Conflict, Expect, Statement};
use crate::domain::secret::SecretHash;

impl Store {
    /// Whether a token is good for one more registration.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn has_registration_token(&self, token: &SecretHash, now: UnixTime) -> Result<bool, StoreError> {
        let sql = "SELECT uses FROM registration_tokens WHERE token_hash = $1 AND uses > 0 AND expires > $2";
        Ok(self.query_one(sql, &[token.to_text().into(), now.into()]).await?.is_some())
    }
}

/// Adds a token that is good for some registrations until a moment.
pub(crate) fn add_registration_token(token: SecretHash, uses: u32, expires: UnixTime) -> Statement {
    Statement::new(
        "INSERT INTO registration_tokens (token_hash, uses, expires) VALUES ($1, $2, $3)",
        [token.to_text().into(), uses.into(), expires.into()],
        Expect::One(Conflict::Taken),
    )
}

/// Takes one use of a token; [`Conflict::RegistrationTokenUsed`] when none is left, or there is no such token any more.
pub(crate) fn use_registration_token(token: &SecretHash, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE registration_tokens SET uses = uses - 1 WHERE token_hash = $1 AND uses > 0 AND expires > $2",
        [token.to_text().into(), now.into()],
        Expect::One(Conflict::RegistrationTokenUsed),
    )
}

/// Drops tokens that are of no use any more.
pub(crate) fn drop_spent_registration_tokens(now: UnixTime) -> Statement {
    let sql = "DELETE FROM registration_tokens WHERE expires <= $1 OR uses <= 0";
    Statement::new(sql, [now.into()], Expect::Any)
}
