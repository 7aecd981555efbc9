//! Signing keys and other sealed secrets in the store.

use probity_jose::UnixTime;

use super::engine::{Store, StoreError};
use super::value::{Inconsistent, Row};
use super::write::{Conflict, Expect, Statement};
use crate::domain::key_rotation::{KeyFacts, KeyState};

/// A signing key as the store has it.
#[derive(Debug, Clone)]
pub(crate) struct StoredKey {
    /// What is known of it.
    pub(crate) facts: KeyFacts,
    /// The private JWK, sealed under the master key with the `kid` as its name.
    pub(crate) sealed: String,
}

impl Store {
    /// Every signing key, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let sql = "SELECT kid, algorithm, state, created, moved, sealed FROM signing_keys ORDER BY created, kid";
        let rows = self.query(sql, &[]).await?;
        Ok(rows.iter().map(StoredKey::try_from).collect::<Result<_, _>>()?)
    }

    /// A sealed secret by its name.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn sealed(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row = self.query_one("SELECT value FROM meta WHERE name = $1", &[name.into()]).await?;
        Ok(row.map(|row| row.text(0).map(str::to_owned)).transpose()?)
    }
}

/// Keeps a sealed secret under a name that is free.
pub(crate) fn add_sealed(name: &str, sealed: &str) -> Statement {
    Statement::new(
        "INSERT INTO meta (name, value) VALUES ($1, $2)",
        [name.into(), sealed.into()],
        Expect::One(Conflict::Taken),
    )
}

/// Seals a secret anew; [`Conflict::KeyMoved`] when it is not the one that was read.
pub(crate) fn reseal(name: &str, before: &str, sealed: &str) -> Statement {
    Statement::new(
        "UPDATE meta SET value = $3 WHERE name = $1 AND value = $2",
        [name.into(), before.into(), sealed.into()],
        Expect::One(Conflict::KeyMoved),
    )
}

impl StoredKey {
    /// Adds the key.
    pub(crate) fn add(&self) -> Statement {
        Statement::new(
            "INSERT INTO signing_keys (kid, algorithm, state, created, moved, sealed) VALUES ($1, $2, $3, $4, $4, $5)",
            [
                self.facts.kid.as_str().into(),
                self.facts.algorithm.as_str().into(),
                self.facts.state.name().into(),
                self.facts.created.into(),
                self.sealed.as_str().into(),
            ],
            Expect::One(Conflict::Taken),
        )
    }

    /// Seals the key anew; [`Conflict::KeyMoved`] when it is not the one that was read.
    pub(crate) fn reseal(&self, sealed: &str) -> Statement {
        Statement::new(
            "UPDATE signing_keys SET sealed = $3 WHERE kid = $1 AND sealed = $2",
            [self.facts.kid.as_str().into(), self.sealed.as_str().into(), sealed.into()],
            Expect::One(Conflict::KeyMoved),
        )
    }
}

/// Moves a key from one state to another; [`Conflict::KeyMoved`] when it is not in the first.
pub(crate) fn move_key(kid: &str, from: KeyState, to: KeyState, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE signing_keys SET state = $3, moved = $4 WHERE kid = $1 AND state = $2",
        [kid.into(), from.name().into(), to.name().into(), now.into()],
        Expect::One(Conflict::KeyMoved),
    )
}

/// Notes that a key has been in its state at least since now.
pub(crate) fn note_key(kid: &str, now: UnixTime) -> Statement {
    let sql = "UPDATE signing_keys SET moved = $2 WHERE kid = $1 AND moved = 0";
    Statement::new(sql, [kid.into(), now.into()], Expect::One(Conflict::KeyMoved))
}

/// Deletes a key that is in a state.
pub(crate) fn delete_key(kid: &str, state: KeyState) -> Statement {
    Statement::new(
        "DELETE FROM signing_keys WHERE kid = $1 AND state = $2",
        [kid.into(), state.name().into()],
        Expect::One(Conflict::KeyMoved),
    )
}

impl TryFrom<&Row> for StoredKey {
    type Error = Inconsistent;

    fn try_from(row: &Row) -> Result<Self, Inconsistent> {
        let facts = KeyFacts {
            kid: row.text(0)?.to_owned(),
            algorithm: row.text(1)?.to_owned(),
            state: KeyState::parse(row.text(2)?).ok_or(Inconsistent("a signing key is in an unknown state"))?,
            created: row.time(3)?,
            moved: Some(row.time(4)?).filter(|moved| *moved != UnixTime::default()),
        };
        Ok(Self { facts, sealed: row.text(5)?.to_owned() })
    }
}
