//! The embedded engine: one writer thread that gives many callers' writes one commit, and a pool of readers.
//!
//! No answer is given before the commit that holds it is on disk (`synchronous=FULL`).

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use probity_verifier::revocation::{Position, Revocation};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, TransactionBehavior, params_from_iter};
use tokio::sync::oneshot;
use tracing::{error, warn};

use super::audit_log;
use super::engine::{Applied, Publish, StoreError, WriteError};
use super::log::Log;
use super::migrations::MIGRATIONS;
use super::value::{Inconsistent, Row, Value};
use super::witness::Witness;
use super::write::{Expect, Statement, Write};
use crate::domain::audit_log::Head;
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

enum Job {
    Write(Write, oneshot::Sender<Result<Applied, WriteError>>),
    Close(oneshot::Sender<()>),
}

/// An open file that is not written yet.
pub(crate) struct Opening {
    connection: Connection,
    witness: Witness,
    readers: Arc<Readers>,
    term: u64,
}

impl Opening {
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let lock = lock(folder)?;
        let path = folder.join("probity.db");
        let mut witness = Witness::open(folder)?;
        let mut connection = Connection::open(&path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        check_integrity(&connection)?;
        migrate(&mut connection)?;
        witness.check(&connection)?;
        let term = begin_term(&mut connection)?;
        witness.note(term, 0)?;
        let readers = Arc::new(Readers { path: path.into(), idle: Mutex::default(), _lock: lock });
        Ok(Self { connection, witness, readers, term })
    }

    pub(super) const fn term(&self) -> u64 {
        self.term
    }

    pub(super) fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        query(&self.connection, sql, parameters)
    }

    pub(super) fn start(self, head: Position, clock: Arc<TokenClock>, publish: Publish) -> Result<Sqlite, StoreError> {
        let (jobs, queue) = mpsc::sync_channel(MAX_QUEUE);
        let mut writer = Writer { connection: self.connection, witness: self.witness, head, clock, publish };
        thread::Builder::new().name("store-writer".into()).spawn(move || writer.run(&queue))?;
        Ok(Sqlite { jobs, readers: self.readers })
    }
}

/// An open file. Cloning gives another handle to the same one.
#[derive(Clone)]
pub(crate) struct Sqlite {
    jobs: mpsc::SyncSender<Job>,
    readers: Arc<Readers>,
}

impl Sqlite {
    pub(super) async fn apply(&self, write: Write) -> Result<Applied, WriteError> {
        let (answer, answered) = oneshot::channel();
        self.give(Job::Write(write, answer)).await?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    pub(super) fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.readers.with(|connection| query(connection, sql, parameters))
    }

    pub(super) async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        // A writer that is gone has nothing left to write.
        if self.give(Job::Close(answer)).await.is_ok() {
            let _ = answered.await;
        }
    }

    async fn give(&self, job: Job) -> Result<(), StoreError> {
        match self.jobs.try_send(job) {
            Ok(()) => Ok(()),
            Err(mpsc::TrySendError::Disconnected(_)) => Err(StoreError::Closed),
            Err(mpsc::TrySendError::Full(job)) => {
                let jobs = self.jobs.clone();
                let given = tokio::task::spawn_blocking(move || jobs.send(job)).await;
                if matches!(given, Ok(Ok(()))) { Ok(()) } else { Err(StoreError::Closed) }
            }
        }
    }
}

struct Readers {
    path: Box<Path>,
    idle: Mutex<Vec<Connection>>,
    /// Held as long as anybody has the store.
    _lock: File,
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
    witness: Witness,
    head: Position,
    clock: Arc<TokenClock>,
    publish: Publish,
}

type Waiting = oneshot::Sender<Result<Applied, WriteError>>;

/// What one commit has made durable.
struct Committed {
    head: Position,
    records: Vec<(Position, Revocation)>,
    /// One for each write.
    outcomes: Vec<Result<Applied, WriteError>>,
}

impl Writer {
    fn run(&mut self, queue: &mpsc::Receiver<Job>) {
        let mut closing = None;
        while closing.is_none()
            && let Ok(first) = queue.recv()
        {
            let mut batch = Vec::new();
            for job in std::iter::once(first).chain(queue.try_iter().take(MAX_BATCH - 1)) {
                match job {
                    Job::Write(write, answer) => batch.push((write, answer)),
                    Job::Close(answer) => closing = Some(answer),
                }
            }
            if !batch.is_empty() {
                self.commit(batch);
            }
        }
        // Left over for the next start, which does it too.
        if let Err(error) = self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
            warn!(error = %error, "the store's log could not be folded in");
        }
        if let Some(answer) = closing {
            let _ = answer.send(());
        }
    }

    fn commit(&mut self, batch: Vec<(Write, Waiting)>) {
        let clock = Arc::clone(&self.clock);
        let stamping = batch.iter().any(|(write, _)| write.has_watermark()).then(|| clock.stamping());
        match self.apply_all(&batch) {
            Ok(Committed { head, records, outcomes }) => {
                self.head = head;
                if !records.is_empty() {
                    self.bear_witness();
                    (self.publish)(&records);
                }
                drop(stamping);
                for ((_, answer), outcome) in batch.into_iter().zip(outcomes) {
                    // A caller that no longer waits has lost nothing: the write stands.
                    let _ = answer.send(outcome);
                }
            }
            Err(failure) => {
                error!(error = %failure, writes = batch.len(), "a commit failed");
                let failure = Arc::new(failure);
                for (_, answer) in batch {
                    let _ = answer.send(Err(WriteError::Failed(Arc::clone(&failure))));
                }
            }
        }
    }

    fn bear_witness(&mut self) {
        if let Err(error) = self.witness.note(self.head.term, self.head.seq) {
            warn!(error = %error, "the end of the log could not be noted a second time");
        }
    }

    /// Applies each write in a savepoint of its own, then commits all that went well.
    fn apply_all(&mut self, batch: &[(Write, Waiting)]) -> Result<Committed, StoreError> {
        let mut transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut log = Log::new(self.head, &self.clock);
        // Most commits have nothing for the audit log.
        let mut audit = Head::default();
        if batch.iter().any(|(write, _)| write.has_events()) {
            audit = audit_log::head(&query(&transaction, audit_log::HEAD, &[])?)?;
        }
        let mut outcomes = Vec::with_capacity(batch.len());
        for (write, _) in batch {
            let mark = (log.mark(), audit);
            let savepoint = transaction.savepoint()?;
            let outcome = apply(&savepoint, write, &mut log, &mut audit);
            if outcome.is_ok() {
                savepoint.commit()?;
            } else {
                drop(savepoint);
                log.undo(mark.0);
                audit = mark.1;
            }
            if let Err(WriteError::Failed(failure)) = &outcome {
                warn!(error = %failure, "a write failed");
                // A full disk can make SQLite undo everything by itself; what came after would be commits of their own, with
                // positions that nobody hears of.
                if transaction.is_autocommit() {
                    return Err(StoreError::Undone);
                }
            }
            outcomes.push(outcome);
        }
        if let Some(statement) = log.note_end() {
            check(&transaction, &statement).map_err(|_| Inconsistent("the log of this start is missing"))?;
        }
        transaction.commit()?;
        Ok(Committed { head: log.head, records: log.records, outcomes })
    }
}

fn apply(connection: &Connection, write: &Write, log: &mut Log<'_>, audit: &mut Head) -> Result<Applied, WriteError> {
    for statement in &write.statements {
        check(connection, statement)?;
    }
    for revocation in &write.revocations {
        check(connection, &log.append(revocation))?;
    }
    for event in &write.events {
        for statement in audit_log::append(audit, event, log.now()) {
            check(connection, &statement)?;
        }
    }
    Ok(Applied { position: (!write.revocations.is_empty()).then_some(log.head) })
}

/// Executes a statement and checks what it expects.
fn check(connection: &Connection, statement: &Statement) -> Result<(), WriteError> {
    match (execute(connection, statement.sql, &statement.parameters), statement.expect) {
        (Ok(1), _) | (Ok(_), Expect::Any) => Ok(()),
        (Ok(_), Expect::One(conflict)) => Err(conflict.into()),
        (Err(error), Expect::One(conflict)) if is_constraint(&error) => Err(conflict.into()),
        (Err(error), _) => Err(error.into()),
    }
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

/// Two processes on one file would each tell only their own guards. The system lets the lock go when the process ends.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let file = File::options().create(true).truncate(false).write(true).open(folder.join("probity.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
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
    let term = super::next_term(rows.first())?;
    execute(&transaction, "UPDATE meta SET value = $1 WHERE name = 'term'", &[term.to_string().into()])?;
    transaction.commit()?;
    Ok(term)
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_jose::UnixTime;
    use probity_verifier::revocation::{Target, Writer as LogWriter};

    #[test]
    fn a_failure_that_undoes_the_whole_commit_leaves_no_record_that_nobody_was_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let opening = Opening::open(folder.path()).unwrap();
        let head = Position { writer: LogWriter([1; 8]), term: opening.term(), seq: 0 };
        let (clock, publish) = (Arc::<TokenClock>::default(), Box::new(|_: &[(Position, Revocation)]| {}));
        let mut writer = Writer { connection: opening.connection, witness: opening.witness, head, clock, publish };
        let waiting = |write: Write| (write, oneshot::channel().0);
        writer.apply_all(&[waiting(Write::from(super::super::begin_log(head)))]).unwrap();
        let revoke = || {
            let record = Revocation::own(Target::Family("f".into()), UnixTime::from_secs(9_999_999_999));
            waiting(Write::new().revoking(record))
        };
        // What SQLite does of its own accord when the disk is full.
        let sql = "INSERT OR ROLLBACK INTO meta (name, value) VALUES ('term', '0')";
        let fatal = waiting(Write::from(Statement::new(sql, [], Expect::Any)));
        assert!(
            writer.apply_all(&[revoke(), fatal, revoke()]).is_err(),
            "the first is lost, so nobody is told otherwise"
        );
        let rows = query(&writer.connection, "SELECT seq FROM revocations", &[]).unwrap();
        assert_eq!(rows.len(), 0, "records that no guard will ever hear of");
        assert!(writer.apply_all(&[revoke()]).unwrap().outcomes[0].is_ok(), "the position is free");
    }
}
