//! Users in the store.

use probity_jose::UnixTime;

use super::engine::{Store, StoreError};
use super::value::Inconsistent;
use super::write::{Conflict, Expect, Statement};
use crate::domain::password::PasswordHash;
use crate::domain::user::User;

impl Store {
    /// The user of a name.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn user(&self, username: &str) -> Result<Option<User>, StoreError> {
        let sql = "SELECT subject, username, password_hash FROM users WHERE username = $1";
        let Some(row) = self.query_one(sql, &[username.into()]).await? else {
            return Ok(None);
        };
        Ok(Some(User {
            subject: row.text(0)?.to_owned(),
            username: row.text(1)?.to_owned(),
            password: PasswordHash::parse(row.text(2)?).map_err(|_| Inconsistent("a password hash can't be read"))?,
        }))
    }
}

impl User {
    /// Adds the user; [`Conflict::Taken`] when the name or the subject is.
    pub(crate) fn add(&self, now: UnixTime) -> Statement {
        Statement::new(
            "INSERT INTO users (subject, username, password_hash, created) VALUES ($1, $2, $3, $4)",
            [self.subject.as_str().into(), self.username.as_str().into(), self.password.to_text().into(), now.into()],
            Expect::One(Conflict::Taken),
        )
    }
}
