//! Signing keys and other sealed secrets in the store.

use probity_jose::UnixTime;

use super::engine::{Store, StoreError};
use super::value::{Inconsistent, Row};
use super::write::{Conflict, Expect, Statement};

/// What a signing key is used for at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyState {
    /// It signs.
    Active,
    /// It has signed tokens that may be live, so it stays published.
    Retiring,
    /// Nothing that it has signed is good any more.
    Compromised,
}

impl KeyState {
    const ALL: [Self; 3] = [Self::Active, Self::Retiring, Self::Compromised];

    const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Compromised => "compromised",
        }
    }
}

/// A signing key as the store has it.
#[derive(Debug, Clone)]
pub(crate) struct StoredKey {
    /// `kid`.
    pub(crate) kid: String,
    /// `alg`.
    pub(crate) algorithm: String,
    /// What it is used for.
    pub(crate) state: KeyState,
    /// The private JWK, sealed under the master key with the `kid` as its name.
    pub(crate) sealed: String,
}

impl Store {
    /// Every signing key, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let rows =
            self.query("SELECT kid, algorithm, state, sealed FROM signing_keys ORDER BY created, kid", &[]).await?;
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

impl StoredKey {
    /// Adds the key.
    pub(crate) fn add(&self, now: UnixTime) -> Statement {
        Statement::new(
            "INSERT INTO signing_keys (kid, algorithm, state, created, sealed) VALUES ($1, $2, $3, $4, $5)",
            [
                self.kid.as_str().into(),
                self.algorithm.as_str().into(),
                self.state.name().into(),
                now.into(),
                self.sealed.as_str().into(),
            ],
            Expect::One(Conflict::Taken),
        )
    }
}

/// Moves a key from one state to another; [`Conflict::KeyMoved`] when it is not in the first.
pub(crate) fn move_key(kid: &str, from: KeyState, to: KeyState) -> Statement {
    Statement::new(
        "UPDATE signing_keys SET state = $3 WHERE kid = $1 AND state = $2",
        [kid.into(), from.name().into(), to.name().into()],
        Expect::One(Conflict::KeyMoved),
    )
}

impl TryFrom<&Row> for StoredKey {
    type Error = Inconsistent;

    fn try_from(row: &Row) -> Result<Self, Inconsistent> {
        let state = row.text(2)?;
        Ok(Self {
            kid: row.text(0)?.to_owned(),
            algorithm: row.text(1)?.to_owned(),
            state: KeyState::ALL
                .into_iter()
                .find(|known| known.name() == state)
                .ok_or(Inconsistent("a signing key is in an unknown state"))?,
            sealed: row.text(3)?.to_owned(),
        })
    }
}
