//! Guards that may follow revocations, in the store.

use probity_jose::UnixTime;

use super::engine::{Store, StoreError};
use super::write::{Conflict, Expect, Statement};
use crate::domain::secret::SecretHash;

/// A guard whose credential is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegisteredGuard {
    /// Its name in logs and lists.
    pub(crate) name: String,
    /// The hash of its credential.
    pub(crate) credential: SecretHash,
}

impl Store {
    /// The name of the guard that has a credential.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn guard_of(&self, credential: &SecretHash) -> Result<Option<String>, StoreError> {
        let sql = "SELECT name FROM guards WHERE credential_hash = $1";
        let row = self.query_one(sql, &[credential.to_text().into()]).await?;
        Ok(row.map(|row| row.text(0).map(str::to_owned)).transpose()?)
    }
}

impl RegisteredGuard {
    /// Adds the guard; [`Conflict::Taken`] when its name is.
    pub(crate) fn add(&self, now: UnixTime) -> Statement {
        Statement::new(
            "INSERT INTO guards (name, credential_hash, created) VALUES ($1, $2, $3)",
            [self.name.as_str().into(), self.credential.to_text().into(), now.into()],
            Expect::One(Conflict::Taken),
        )
    }

    /// Adds the guard, or replaces its credential.
    pub(crate) fn put(&self, now: UnixTime) -> Statement {
        Statement::new(
            "INSERT INTO guards (name, credential_hash, created) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET credential_hash = $2",
            [self.name.as_str().into(), self.credential.to_text().into(), now.into()],
            Expect::Any,
        )
    }
}
