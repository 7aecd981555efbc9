//! Users in the store.

use probity_jose::UnixTime;

use super::engine::{Store, StoreError};
use super::value::{Inconsistent, Row};
use super::write::{Conflict, Expect, Statement};
use crate::domain::claims::Attributes;
use crate::domain::password::PasswordHash;
use crate::domain::user::User;

impl Store {
    /// The user of a subject.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn user_of_subject(&self, subject: &str) -> Result<Option<User>, StoreError> {
        let sql = "SELECT subject, username, password_hash, attributes, disabled FROM users WHERE subject = $1";
        Ok(self.query_one(sql, &[subject.into()]).await?.as_ref().map(User::try_from).transpose()?)
    }

    /// The user of a name.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn user(&self, username: &str) -> Result<Option<User>, StoreError> {
        let sql = "SELECT subject, username, password_hash, attributes, disabled FROM users WHERE username = $1";
        Ok(self.query_one(sql, &[username.into()]).await?.as_ref().map(User::try_from).transpose()?)
    }

    /// Users in the order of their names, at most `limit` after a name.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn users_after(&self, username: &str, limit: u32) -> Result<Vec<User>, StoreError> {
        let sql = "SELECT subject, username, password_hash, attributes, disabled FROM users WHERE username > $1 \
                   ORDER BY username LIMIT $2";
        let rows = self.query(sql, &[username.into(), limit.into()]).await?;
        Ok(rows.iter().map(User::try_from).collect::<Result<_, _>>()?)
    }
}

impl User {
    /// Keeps what has changed of the user since it was read; [`Conflict::UserChanged`] when it is gone.
    pub(crate) fn update(&self, now: UnixTime) -> Statement {
        Statement::new(
            "UPDATE users SET password_hash = $2, attributes = $3, disabled = $4 WHERE subject = $1",
            [
                self.subject.as_str().into(),
                self.password.to_text().into(),
                self.attributes.to_text().into(),
                self.disabled.then_some(now).into(),
            ],
            Expect::One(Conflict::UserChanged),
        )
    }

    /// Deletes the user; [`Conflict::UserChanged`] when it is gone.
    pub(crate) fn delete(&self) -> Statement {
        let sql = "DELETE FROM users WHERE subject = $1";
        Statement::new(sql, [self.subject.as_str().into()], Expect::One(Conflict::UserChanged))
    }

    /// Whether the user may still log in by this password, as a condition of a write.
    pub(crate) fn must_be_as_read(&self) -> Statement {
        Statement::new(
            "UPDATE users SET disabled = NULL WHERE subject = $1 AND disabled IS NULL AND password_hash = $2",
            [self.subject.as_str().into(), self.password.to_text().into()],
            Expect::One(Conflict::UserChanged),
        )
    }

    /// Adds the user; [`Conflict::Taken`] when the name or the subject is.
    pub(crate) fn add(&self, now: UnixTime) -> Statement {
        Statement::new(
            "INSERT INTO users (subject, username, password_hash, created, attributes) VALUES ($1, $2, $3, $4, $5)",
            [
                self.subject.as_str().into(),
                self.username.as_str().into(),
                self.password.to_text().into(),
                now.into(),
                self.attributes.to_text().into(),
            ],
            Expect::One(Conflict::Taken),
        )
    }
}

impl TryFrom<&Row> for User {
    type Error = Inconsistent;

    fn try_from(row: &Row) -> Result<Self, Inconsistent> {
        Ok(Self {
            subject: row.text(0)?.to_owned(),
            username: row.text(1)?.to_owned(),
            password: PasswordHash::parse(row.text(2)?).map_err(|_| Inconsistent("a password hash can't be read"))?,
            attributes: Attributes::parse(row.text(3)?)
                .map_err(|_| Inconsistent("a user's attributes can't be read"))?,
            disabled: !row.is_null(4),
        })
    }
}
