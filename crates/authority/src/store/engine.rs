//! An open store, whichever engine keeps it.

use std::sync::Arc;

use probity_jose::UnixTime;
use probity_verifier::revocation::{Position, Revocation};

use super::log::{EARLIER_LOGS, RECORDS, end_of_log, record_of};
use super::postgres::{self, Postgres, PostgresSite};
use super::sqlite::{self, Sqlite};
use super::value::{Inconsistent, Row, Value};
use super::write::{Conflict, Write};
use crate::moment::TokenClock;

/// Why the store could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite failed: disk full, file gone, damaged.
    #[error("the store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL failed or can't be reached.
    #[error("the store failed: {0}")]
    Postgres(#[from] tokio_postgres::Error),
    /// No connection to PostgreSQL could be had.
    #[error("PostgreSQL can't be reached: {0}")]
    Unreachable(String),
    /// Every connection is in use, and none became free in time.
    #[error("every connection to PostgreSQL is in use, and none became free in time")]
    Exhausted,
    /// A row can't be what it should.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
    /// The store was written by a later version.
    #[error("the store has schema {found}, this version knows {known}: it was written by a later version")]
    TooNew {
        /// The schema of the store.
        found: usize,
        /// The latest that is known.
        known: usize,
    },
    /// A write failed so badly that SQLite has undone the whole commit.
    #[error("the store has undone the commit because one of its writes failed")]
    Undone,
    /// The file is not whole.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The file holds less than was answered for: its end is missing, or it is an old one.
    #[error(
        "the store has forgotten revocations: it was written up to {term}-{seq}, which it does not hold. Put back the files \
         of the store; or, to go on with what is left, remove {witness} and revoke again what must not live"
    )]
    Forgotten {
        /// The term that was written.
        term: u64,
        /// The last record of that term.
        seq: u64,
        /// The file that knows it.
        witness: String,
    },
    /// Another process has the store open.
    #[error("another authority uses this store")]
    InUse,
    /// Another authority has begun a later term: this one must not write any more.
    #[error("another authority has taken over this store")]
    TakenOver,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// The file system failed.
    #[error("the store's folder can't be used: {0}")]
    Io(#[from] std::io::Error),
}

impl StoreError {
    /// Whether it is a matter of the moment, so that whoever asked may ask again: the database is busy or away.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Exhausted | Self::Unreachable(_) | Self::Closed => true,
            Self::Postgres(error) => error.is_closed() || error.code().is_some_and(|code| is_passing(code.code())),
            _ => false,
        }
    }
}

/// Connection lost (class 08), out of resources (53), cancelled or shut down by an operator (57), rolled back for another
/// transaction's sake (40).
fn is_passing(code: &str) -> bool {
    ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))
}

/// Why a write was not applied.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WriteError {
    /// An expectation failed; nothing has changed.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The store failed; nothing has changed as far as anybody can tell.
    #[error(transparent)]
    Failed(#[from] Arc<StoreError>),
}

impl<E: Into<StoreError>> From<E> for WriteError {
    fn from(error: E) -> Self {
        Self::Failed(Arc::new(error.into()))
    }
}

/// What came of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Applied {
    /// The position of its last revocation in the log; `None` when it had none.
    pub(crate) position: Option<Position>,
}

/// Called by the writer after each commit with the revocations that are now durable, before their callers are answered.
pub(super) type Publish = Box<dyn Fn(&[(Position, Revocation)]) + Send + Sync>;

/// Where a store is.
#[derive(Clone)]
pub(crate) enum Site<'a> {
    /// A folder with an SQLite file.
    Folder(&'a std::path::Path),
    /// A PostgreSQL database.
    Postgres(&'a PostgresSite),
}

/// A store that is open but does not write yet: the hub needs what it holds first.
pub(crate) enum Opening {
    Sqlite(sqlite::Opening),
    Postgres(postgres::Opening),
}

impl Opening {
    /// Opens the store, makes it when it is not there, brings its schema up to date, and begins a new term.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn open(site: Site<'_>) -> Result<Self, StoreError> {
        Ok(match site {
            Site::Folder(folder) => Self::Sqlite(sqlite::Opening::open(folder)?),
            Site::Postgres(site) => Self::Postgres(postgres::Opening::open(site).await?),
        })
    }

    /// The term of this start: it is durable, and larger than any before.
    pub(crate) const fn term(&self) -> u64 {
        match self {
            Self::Sqlite(opening) => opening.term(),
            Self::Postgres(opening) => opening.term(),
        }
    }

    /// Every revocation that lapses after `horizon`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn live_revocations(&self, horizon: UnixTime) -> Result<Vec<Revocation>, StoreError> {
        // All of them, so that none is passed over because a bit of its expiry has flipped.
        let rows = self.query(RECORDS, &[]).await?;
        let records = rows.iter().map(|row| Ok(record_of(row)?.2)).collect::<Result<Vec<_>, StoreError>>()?;
        Ok(records.into_iter().filter(|record| record.expires > horizon).collect())
    }

    /// Up to when lapsed revocations have been dropped, by whatever clock: of what lapsed by then, some may be missing.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn horizon(&self) -> Result<UnixTime, StoreError> {
        let rows = self.query("SELECT value FROM meta WHERE name = 'horizon'", &[]).await?;
        let Some(row) = rows.first() else {
            return Ok(UnixTime::default());
        };
        let seconds = row.text(0)?.parse().map_err(|_| Inconsistent("the horizon is no number"))?;
        Ok(UnixTime::from_secs(seconds))
    }

    /// Where the latest of the earlier logs ended, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn earlier_logs(&self, limit: u32) -> Result<Vec<Position>, StoreError> {
        let rows = self.query(EARLIER_LOGS, &[Value::from(limit)]).await?;
        Ok(rows.iter().map(end_of_log).collect::<Result<_, _>>()?)
    }

    async fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(opening) => opening.query(sql, parameters),
            Self::Postgres(opening) => opening.query(sql, parameters).await,
        }
    }

    /// Starts the writer of a log that was begun at `head`. It stamps revocations by `clock` and gives them to `publish` once
    /// they are durable.
    ///
    /// # Errors
    /// [`StoreError`] when the system gives no thread.
    pub(crate) fn start(
        self,
        head: Position,
        clock: Arc<TokenClock>,
        publish: impl Fn(&[(Position, Revocation)]) + Send + Sync + 'static,
    ) -> Result<Store, StoreError> {
        Ok(match self {
            Self::Sqlite(opening) => Store::Sqlite(opening.start(head, clock, Box::new(publish))?),
            Self::Postgres(opening) => Store::Postgres(opening.start(head, clock, Box::new(publish))),
        })
    }
}

/// An open store. Cloning gives another handle to the same one.
#[derive(Clone)]
pub(crate) enum Store {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Applies a write. When this answers, the write is on disk.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when an expectation failed; [`WriteError::Failed`] when the store did.
    pub(crate) async fn apply(&self, write: Write) -> Result<Applied, WriteError> {
        match self {
            Self::Sqlite(store) => store.apply(write).await,
            Self::Postgres(store) => store.apply(write).await,
        }
    }

    /// The rows of a query. It sees every write that was answered before it began.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(super) async fn query<const N: usize>(
        &self,
        sql: &'static str,
        parameters: &[Value; N],
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            // From the page cache this takes microseconds, so it is done on the caller's thread.
            Self::Sqlite(store) => store.query(sql, parameters),
            Self::Postgres(store) => store.query(sql, parameters).await,
        }
    }

    /// The first row of a query, if it has one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(super) async fn query_one<const N: usize>(
        &self,
        sql: &'static str,
        parameters: &[Value; N],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, parameters).await?.into_iter().next())
    }

    /// Whether nobody can have taken over this store while this process has it open. Otherwise ask
    /// [`Store::is_ours`] again and again.
    pub(crate) const fn is_exclusive(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Whether no other authority has begun a later term.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn is_ours(&self, term: u64) -> Result<bool, StoreError> {
        let row = self.query_one("SELECT value FROM meta WHERE name = 'term'", &[]).await?;
        Ok(row.map(|row| row.text(0).map(|text| text == term.to_string())).transpose()?.unwrap_or(false))
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.query_one("SELECT value FROM meta WHERE name = 'term'", &[]).await.map(|_| ())
    }

    /// Takes no more writes, and waits until everything that it has taken is written.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}
