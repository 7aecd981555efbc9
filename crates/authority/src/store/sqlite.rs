//! The embedded engine: one writer thread that gives many callers' writes one commit, and a pool of readers.
//!
//! No answer is given before the commit that holds it is on disk (`synchronous=FULL`).

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use probity_jose::{UnixTime, base64url};
use probity_verifier::revocation::{Position, Revocation};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, TransactionBehavior, params_from_iter};
use tokio::sync::oneshot;
use tracing::{error, warn};

use super::migrations::MIGRATIONS;
use super::value::{Inconsistent, Row, Value};
use super::write::{Conflict, Expect, Write};
use crate::domain::revocation::stamped;
use crate::moment::TokenClock;

/// The most writes that share one commit: more would only make the first of them wait longer.
const MAX_BATCH: usize = 512;

/// The most writes that wait for the writer; further callers wait for a place.
const MAX_QUEUE: usize = 4_096;

/// The most read connections that are kept open.
const MAX_READERS: usize = 8;

/// How long to wait for another process that holds the file: none should.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages of the cache, as SQLite counts them when negative: KiB.
const CACHE_KIB: i64 = 8 * 1024;

/// Statements that are kept prepared on each connection.
const STATEMENT_CACHE: usize = 128;

/// Why the store could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite failed: disk full, file gone, damaged.
    #[error("the store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A row can't be what it should.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
    /// The file was written by a later version.
    #[error("the store has schema {found}, this version knows {known}: it was written by a later version")]
    TooNew {
        /// The schema of the file.
        found: usize,
        /// The latest that is known.
        known: usize,
    },
    /// The file is not whole.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The writer has stopped.
    #[error("the store is closed")]
    Closed,
}

/// Why a write was not applied.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// An expectation failed; nothing has changed.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The store failed; nothing has changed as far as anybody can tell.
    #[error(transparent)]
    Failed(#[from] Arc<StoreError>),
}

/// What came of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Applied {
    /// The position of its last revocation in the log; `None` when it had none.
    pub(crate) position: Option<Position>,
}

/// Called by the writer after each commit with the revocations that are now durable, before their callers are answered.
type Publish = Box<dyn Fn(&[(Position, Revocation)]) + Send>;

struct Job {
    write: Write,
    answer: oneshot::Sender<Result<Applied, WriteError>>,
}

/// A store that is open but does not write yet: the hub needs what it holds first.
pub(crate) struct Opening {
    connection: Connection,
    readers: Arc<Readers>,
    term: u64,
}

impl Opening {
    /// Opens the store in a folder, makes it when it is not there, brings its schema up to date, and begins a new term.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("probity.db");
        let mut connection = Connection::open(&path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        check_integrity(&connection)?;
        migrate(&mut connection)?;
        let term = begin_term(&mut connection)?;
        let readers = Arc::new(Readers { path: path.into(), idle: Mutex::default() });
        Ok(Self { connection, readers, term })
    }

    /// The term of this start: it is durable, and larger than any before.
    pub(crate) const fn term(&self) -> u64 {
        self.term
    }

    /// Every revocation that has not lapsed at `now`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) fn live_revocations(&self, now: UnixTime) -> Result<Vec<Revocation>, StoreError> {
        let sql = "SELECT record FROM revocations WHERE expires > $1";
        let rows = query(&self.connection, sql, &[now.into()])?;
        let read = |row: &Row| {
            let bytes = base64url::decode(row.text(0)?).map_err(|_| Inconsistent("a revocation is not base64url"))?;
            Revocation::decode(&bytes).map_err(|_| Inconsistent("a revocation can't be read"))
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// Starts the writer, which stamps revocations by `clock` and gives them to `publish` once they are durable.
    ///
    /// # Errors
    /// [`StoreError`] when the system gives no thread.
    pub(crate) fn start(
        self,
        clock: Arc<TokenClock>,
        publish: impl Fn(&[(Position, Revocation)]) + Send + 'static,
    ) -> Result<Store, StoreError> {
        let (jobs, queue) = mpsc::sync_channel(MAX_QUEUE);
        let mut writer = Writer {
            connection: self.connection,
            head: Position { term: self.term, seq: 0 },
            clock,
            publish: Box::new(publish),
        };
        let thread = thread::Builder::new().name("store-writer".into()).spawn(move || writer.run(&queue));
        let thread = thread.map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok(Store { jobs, readers: self.readers, thread: Arc::new(Mutex::new(Some(thread))) })
    }
}

/// An open store. Cloning gives another handle to the same one.
#[derive(Clone)]
pub(crate) struct Store {
    jobs: mpsc::SyncSender<Job>,
    readers: Arc<Readers>,
    thread: Arc<Mutex<Option<thread::JoinHandle<()>>>>,
}

impl Store {
    /// Applies a write. When this answers, the write is on disk.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when an expectation failed; [`WriteError::Failed`] when the store did.
    pub(crate) async fn apply(&self, write: Write) -> Result<Applied, WriteError> {
        let (answer, answered) = oneshot::channel();
        let job = Job { write, answer };
        let closed = || WriteError::Failed(Arc::new(StoreError::Closed));
        match self.jobs.try_send(job) {
            Ok(()) => {}
            Err(mpsc::TrySendError::Disconnected(_)) => return Err(closed()),
            Err(mpsc::TrySendError::Full(job)) => {
                let jobs = self.jobs.clone();
                let sent = tokio::task::spawn_blocking(move || jobs.send(job)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return Err(closed());
                }
            }
        }
        answered.await.map_err(|_| closed())?
    }

    /// The rows of a query. It sees every write that was answered before it began.
    ///
    /// Reading takes microseconds from the page cache, so it is done on the caller's thread.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::unused_async, reason = "another engine waits here")]
    pub(super) async fn query<const N: usize>(
        &self,
        sql: &'static str,
        parameters: &[Value; N],
    ) -> Result<Vec<Row>, StoreError> {
        self.readers.with(|connection| query(connection, sql, parameters))
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

    /// Waits until the writer has written everything that other handles have given it. Call it last.
    pub(crate) fn close(self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(self.jobs);
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            error!("the store's writer has panicked");
        }
    }
}

struct Readers {
    path: Box<Path>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open()?,
        };
        let answer = read(&connection);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_READERS {
            idle.push(connection);
        }
        answer
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        Ok(connection)
    }
}

/// The writer thread.
struct Writer {
    connection: Connection,
    head: Position,
    clock: Arc<TokenClock>,
    publish: Publish,
}

/// What one commit has made durable.
struct Committed {
    head: Position,
    records: Vec<(Position, Revocation)>,
    /// One for each write.
    outcomes: Vec<Result<Applied, WriteError>>,
}

impl Writer {
    fn run(&mut self, queue: &mpsc::Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let batch: Vec<Job> = std::iter::once(first).chain(queue.try_iter().take(MAX_BATCH - 1)).collect();
            self.commit(batch);
        }
        // Left over for the next start, which does it too.
        if let Err(error) = self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
            warn!(error = %error, "the store's log could not be folded in");
        }
    }

    fn commit(&mut self, batch: Vec<Job>) {
        match self.apply_all(&batch) {
            Ok(Committed { head, records, outcomes }) => {
                self.head = head;
                if !records.is_empty() {
                    (self.publish)(&records);
                }
                for (job, outcome) in batch.into_iter().zip(outcomes) {
                    // A caller that no longer waits has lost nothing: the write stands.
                    let _ = job.answer.send(outcome);
                }
            }
            Err(failure) => {
                error!(error = %failure, writes = batch.len(), "a commit failed");
                let failure = Arc::new(failure);
                for job in batch {
                    let _ = job.answer.send(Err(WriteError::Failed(Arc::clone(&failure))));
                }
            }
        }
    }

    /// Applies each write in a savepoint of its own, then commits all that went well.
    fn apply_all(&mut self, batch: &[Job]) -> Result<Committed, StoreError> {
        let mut transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut log = Log { head: self.head, records: Vec::new(), clock: &self.clock };
        let mut outcomes = Vec::with_capacity(batch.len());
        for job in batch {
            let (head, length) = (log.head, log.records.len());
            let savepoint = transaction.savepoint()?;
            let outcome = apply(&savepoint, &job.write, &mut log);
            if outcome.is_ok() {
                savepoint.commit()?;
            } else {
                drop(savepoint);
                log.head = head;
                log.records.truncate(length);
            }
            if let Err(WriteError::Failed(failure)) = &outcome {
                warn!(error = %failure, "a write failed");
            }
            outcomes.push(outcome);
        }
        transaction.commit()?;
        Ok(Committed { head: log.head, records: log.records, outcomes })
    }
}

/// The end of the revocation log as it will be when the transaction commits.
struct Log<'a> {
    head: Position,
    /// The records of this transaction.
    records: Vec<(Position, Revocation)>,
    clock: &'a TokenClock,
}

impl Log<'_> {
    /// Appends a revocation; it is stored but not yet durable.
    fn append(&mut self, connection: &Connection, revocation: &Revocation) -> rusqlite::Result<()> {
        // The clock is read inside the transaction, so whatever was issued by an earlier write is not later than this.
        let revocation = stamped(revocation.clone(), self.clock.now());
        let position = Position { seq: self.head.seq + 1, ..self.head };
        let mut bytes = Vec::new();
        revocation.encode(&mut bytes);
        let sql = "INSERT INTO revocations (term, seq, expires, record) VALUES ($1, $2, $3, $4)";
        let record = base64url::encode(&bytes);
        execute(
            connection,
            sql,
            &[position.term.into(), position.seq.into(), revocation.expires.into(), record.into()],
        )?;
        self.head = position;
        self.records.push((position, revocation));
        Ok(())
    }
}

fn apply(connection: &Connection, write: &Write, log: &mut Log<'_>) -> Result<Applied, WriteError> {
    let failed = |error: rusqlite::Error| WriteError::Failed(Arc::new(error.into()));
    for statement in &write.statements {
        let changed = execute(connection, statement.sql, &statement.parameters);
        match (changed, statement.expect) {
            (Ok(1), _) | (Ok(_), Expect::Any) => {}
            (Ok(_), Expect::One(conflict)) => return Err(conflict.into()),
            (Err(error), Expect::One(conflict)) if is_constraint(&error) => return Err(conflict.into()),
            (Err(error), _) => return Err(failed(error)),
        }
    }
    for revocation in &write.revocations {
        log.append(connection, revocation).map_err(failed)?;
    }
    Ok(Applied { position: (!write.revocations.is_empty()).then_some(log.head) })
}

fn execute(connection: &Connection, sql: &str, parameters: &[Value]) -> rusqlite::Result<usize> {
    connection.prepare_cached(&numbered(sql))?.execute(params_from_iter(parameters))
}

fn query(connection: &Connection, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
    let mut statement = connection.prepare_cached(&numbered(sql))?;
    let columns = statement.column_count();
    let rows = statement.query_map(params_from_iter(parameters), |row| {
        (0..columns).map(|column| row.get_ref(column).and_then(value_of)).collect::<rusqlite::Result<Vec<_>>>()
    })?;
    rows.map(|row| Ok(Row::new(row?))).collect()
}

/// `$1` is a name to SQLite and gets the number of its first place; `?1` is a number.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn value_of(value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        other => Value::Text(other.as_str()?.to_owned()),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

fn check_integrity(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection.prepare("PRAGMA quick_check(1)")?;
    let verdict: String = statement.query_row([], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict)) }
}

/// Brings the schema up to date, each step in a transaction of its own.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let found = usize::try_from(found).map_err(|_| Inconsistent("the schema's number is negative"))?;
    if found > MIGRATIONS.len() {
        return Err(StoreError::TooNew { found, known: MIGRATIONS.len() });
    }
    for (step, number) in MIGRATIONS.iter().zip(1_i64..).skip(found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// A term larger than any before, on disk before it is used.
fn begin_term(connection: &mut Connection) -> Result<u64, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    execute(&transaction, "INSERT INTO meta (name, value) VALUES ('term', '0') ON CONFLICT (name) DO NOTHING", &[])?;
    let rows = query(&transaction, "SELECT value FROM meta WHERE name = 'term'", &[])?;
    let before = rows.first().map(|row| row.text(0)).transpose()?.and_then(|text| text.parse::<u64>().ok());
    let term = before.and_then(|term| term.checked_add(1)).ok_or(Inconsistent("the term is no number"))?;
    execute(&transaction, "UPDATE meta SET value = $1 WHERE name = 'term'", &[term.to_string().into()])?;
    transaction.commit()?;
    Ok(term)
}
