//! The names that subjects have in sectors, in the store: so that what is revoked for a subject is revoked for each name.

use super::engine::{Store, StoreError};
use super::write::{Expect, Statement};

impl Store {
    /// The pairwise names that tokens about a subject carry.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn pairwise_names(&self, subject: &str) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM pairwise_subjects WHERE subject = $1";
        let rows = self.query(sql, &[subject.into()]).await?;
        Ok(rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_, _>>()?)
    }
}

/// Remembers a pairwise name, before a token carries it.
pub(crate) fn add_pairwise_name(name: &str, subject: &str) -> Statement {
    Statement::new(
        "INSERT INTO pairwise_subjects (name, subject) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        [name.into(), subject.into()],
        Expect::Any,
    )
}
