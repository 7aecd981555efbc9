//! PostgreSQL, or what speaks its protocol.
//!
//! A write is one transaction whose statements go out together, without waiting for each other's answers. Writes with
//! revocations go through one task, so that their positions have no gaps; all others use the pool's connections, and
//! PostgreSQL itself gives them common commits. A transaction that the engine gives up (serialization failure, deadlock)
//! is tried again.
//!
//! Each commit of revocations checks that no other authority has begun a later term, so that one which was taken over can't
//! write a record that its successor's guards never see.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use deadpool_postgres::{Hook, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, TimeoutType};
use futures_util::future::join_all;
use probity_verifier::revocation::{Position, Revocation};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::NoTls;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tracing::{error, warn};

use super::audit_log;
use super::engine::{Applied, Publish, StoreError, WriteError};
use super::log::{Log, RECORDS, record_of};
use super::migrations::MIGRATIONS;
use super::value::{Inconsistent, Row, Value};
use super::write::{Conflict, Expect, Statement, Write};
use crate::domain::audit_log::Head;
use crate::moment::TokenClock;

/// The most connections at once.
const MAX_CONNECTIONS: usize = 16;

/// How long to wait for a connection: to be made, or to become free.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one statement may take, in milliseconds.
const STATEMENT_TIMEOUT_MS: u32 = 10_000;

/// The most revocation writes that share one commit, and that wait for one.
const MAX_BATCH: usize = 128;
const MAX_QUEUE: usize = 4_096;

/// How often a transaction that the engine gave up is tried.
const MAX_ATTEMPTS: usize = 8;

/// Where a PostgreSQL database is.
#[derive(Clone)]
pub(crate) struct PostgresSite {
    pub(super) config: tokio_postgres::Config,
    tls: Option<rustls::ClientConfig>,
    /// How long a request waits for a connection to become free.
    pub(super) patience: Duration,
}

impl PostgresSite {
    /// A database by its connection string (a URL, or `key=value` pairs) and the certificates that it is trusted by.
    ///
    /// # Errors
    /// Says what is wrong, without repeating any of the string: it holds a password.
    pub(crate) fn new(connection: &str, trusted: Option<rustls::RootCertStore>) -> Result<Self, &'static str> {
        let mut config: tokio_postgres::Config = connection.parse().map_err(|_| "no PostgreSQL connection string")?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        let tls = match trusted {
            Some(trusted) => {
                config.ssl_mode(SslMode::Require);
                let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
                let builder =
                    rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
                let builder = builder.map_err(|_| "TLS can't be set up")?;
                Some(builder.with_root_certificates(trusted).with_no_client_auth())
            }
            None if config.get_hosts().iter().all(is_local) => None,
            None => return Err("a database on another machine needs ca_file: passwords and tokens' hashes travel"),
        };
        Ok(Self { config, tls, patience: CONNECT_TIMEOUT })
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// An open database that is not written yet.
pub(crate) struct Opening {
    pool: Pool,
    term: u64,
}

impl Opening {
    pub(super) async fn open(site: &PostgresSite) -> Result<Self, StoreError> {
        let pool = connect(site)?;
        migrate(&pool).await?;
        let term = begin_term(&pool).await?;
        Ok(Self { pool, term })
    }

    pub(super) const fn term(&self) -> u64 {
        self.term
    }

    pub(super) async fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        query(&client(&self.pool).await?, sql, parameters).await
    }

    pub(super) fn start(self, head: Position, clock: Arc<TokenClock>, publish: Publish) -> Postgres {
        let (jobs, queue) = mpsc::channel(MAX_QUEUE);
        let writer = Writer { pool: self.pool.clone(), head, clock, publish };
        tokio::spawn(writer.run(queue));
        Postgres { jobs, pool: self.pool }
    }
}

enum Job {
    Write(Write, oneshot::Sender<Result<Applied, WriteError>>),
    Close(oneshot::Sender<()>),
}

/// An open database. Cloning gives another handle to the same one.
#[derive(Clone)]
pub(crate) struct Postgres {
    jobs: mpsc::Sender<Job>,
    pool: Pool,
}

impl Postgres {
    pub(super) async fn apply(&self, write: Write) -> Result<Applied, WriteError> {
        if self.pool.is_closed() {
            return Err(StoreError::Closed.into());
        }
        if write.revocations.is_empty() && !write.has_events() {
            // A task of its own: a caller that goes away must not leave a transaction open on a connection of the pool.
            let store = self.clone();
            let applied = tokio::spawn(async move { store.apply_alone(&write).await }).await;
            return applied.map_err(|_| StoreError::Closed)?;
        }
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::Write(write, answer)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// A write without revocations, in a transaction of its own.
    async fn apply_alone(&self, write: &Write) -> Result<Applied, WriteError> {
        let mut attempts = Attempts::default();
        loop {
            let client = client(&self.pool).await?;
            begin(&client).await?;
            let outcome = finish(&client, check_all(&client, &write.statements).await).await;
            if !attempts.again(&outcome) {
                return outcome.map(|()| Applied { position: None });
            }
        }
    }

    pub(super) async fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
        query(&client(&self.pool).await?, sql, parameters).await
    }

    pub(super) async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        // A writer that is gone has nothing left to write.
        if self.jobs.send(Job::Close(answer)).await.is_ok() {
            let _ = answered.await;
        }
        self.pool.close();
    }
}

/// The task that writes revocations.
struct Writer {
    pool: Pool,
    head: Position,
    clock: Arc<TokenClock>,
    publish: Publish,
}

type Waiting = oneshot::Sender<Result<Applied, WriteError>>;

/// What one commit has made durable.
struct Committed {
    head: Position,
    records: Vec<(Position, Revocation)>,
    outcomes: Vec<Result<Applied, WriteError>>,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::new();
        while queue.recv_many(&mut jobs, MAX_BATCH).await != 0 {
            let (mut batch, mut closing) = (Vec::new(), None);
            for job in jobs.drain(..) {
                match job {
                    Job::Write(write, answer) => batch.push((write, answer)),
                    Job::Close(answer) => closing = Some(answer),
                }
            }
            if !batch.is_empty() {
                self.commit(batch).await;
            }
            if let Some(answer) = closing {
                let _ = answer.send(());
                return;
            }
        }
    }

    async fn commit(&mut self, batch: Vec<(Write, Waiting)>) {
        let clock = Arc::clone(&self.clock);
        let stamping = batch.iter().any(|(write, _)| write.has_watermark()).then(|| clock.stamping());
        let mut attempts = Attempts::default();
        let committed = loop {
            let outcome = self.apply_all(&batch).await;
            if !attempts.again(&outcome) {
                break outcome;
            }
        };
        match committed {
            Ok(Committed { head, records, outcomes }) => {
                self.head = head;
                if !records.is_empty() {
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
                for (_, answer) in batch {
                    let _ = answer.send(Err(failure.clone()));
                }
                self.find_head().await;
            }
        }
    }

    async fn apply_all(&self, batch: &[(Write, Waiting)]) -> Result<Committed, WriteError> {
        let client = client(&self.pool).await?;
        begin(&client).await?;
        finish(&client, self.apply_each(&client, batch).await).await
    }

    /// Applies each write in a savepoint of its own.
    async fn apply_each(&self, client: &Object, batch: &[(Write, Waiting)]) -> Result<Committed, WriteError> {
        let mut log = Log::new(self.head, &self.clock);
        let mut outcomes = Vec::with_capacity(batch.len());
        self.check_term(client).await?;
        // Most commits have nothing for the audit log.
        let mut audit = Head::default();
        if batch.iter().any(|(write, _)| write.has_events()) {
            audit = audit_log::head(&query(client, audit_log::HEAD, &[]).await?)?;
        }
        for (write, _) in batch {
            let mark = (log.mark(), audit);
            let now = log.now();
            let events = write.events.iter().flat_map(|event| audit_log::append(&mut audit, event, now));
            let events: Vec<_> = events.collect();
            let revocations: Vec<_> = write.revocations.iter().map(|record| log.append(record)).collect();
            client.batch_execute("SAVEPOINT write").await?;
            match check_all(client, write.statements.iter().chain(&revocations).chain(&events)).await {
                Ok(()) => {
                    client.batch_execute("RELEASE SAVEPOINT write").await?;
                    outcomes.push(Ok(Applied { position: (!write.revocations.is_empty()).then_some(log.head) }));
                }
                Err(WriteError::Conflict(conflict)) => {
                    client.batch_execute("ROLLBACK TO SAVEPOINT write").await?;
                    log.undo(mark.0);
                    audit = mark.1;
                    outcomes.push(Err(conflict.into()));
                }
                Err(failed) => return Err(failed),
            }
        }
        if let Some(statement) = log.note_end() {
            check_all(client, [&statement]).await?;
        }
        Ok(Committed { head: log.head, records: log.records, outcomes })
    }

    /// Locks the term's row, so that a successor waits for this commit or this commit sees the successor.
    async fn check_term(&self, client: &Object) -> Result<(), WriteError> {
        let sql = "UPDATE meta SET value = value WHERE name = 'term' AND value = $1";
        let statement = client.prepare_cached(sql).await?;
        let changed = client.execute(&statement, &[&Value::from(self.head.term.to_string())]).await?;
        if changed == 1 { Ok(()) } else { Err(StoreError::TakenOver.into()) }
    }

    /// After a failed commit nobody knows whether it was made: what the database has of this term is published, so that
    /// no record is there that guards do not have, and no position is given out twice.
    async fn find_head(&mut self) {
        let sql = format!("{RECORDS} WHERE term = $1 AND seq > $2 ORDER BY seq");
        let parameters = [self.head.term.into(), self.head.seq.into()];
        let rows = async { query(&client(&self.pool).await?, &sql, &parameters).await };
        let found = rows.await.and_then(|rows| {
            let read = |row: &Row| {
                let (_, seq, revocation) = record_of(row)?;
                Ok((Position { seq, ..self.head }, revocation))
            };
            rows.iter().map(read).collect::<Result<Vec<(Position, Revocation)>, StoreError>>()
        });
        match found {
            Ok(records) => {
                if let Some((head, _)) = records.last() {
                    self.head = *head;
                    (self.publish)(&records);
                }
            }
            // The next commit fails in the same way, and looks again.
            Err(failure) => warn!(error = %failure, "the end of the log is not known at this moment"),
        }
    }
}

/// Counts attempts at what the engine gave up for another transaction's sake.
#[derive(Default)]
struct Attempts(usize);

impl Attempts {
    /// Whether to try again.
    fn again<T>(&mut self, outcome: &Result<T, WriteError>) -> bool {
        self.0 += 1;
        self.0 < MAX_ATTEMPTS && matches!(outcome, Err(WriteError::Failed(failure)) if is_passing(failure))
    }
}

fn is_passing(failure: &StoreError) -> bool {
    let StoreError::Postgres(error) = failure else {
        return false;
    };
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].iter().any(|code| error.code() == Some(code))
}

async fn begin(client: &Object) -> Result<(), WriteError> {
    Ok(client.batch_execute("BEGIN").await?)
}

/// Commits when all went well.
async fn finish<T>(client: &Object, outcome: Result<T, WriteError>) -> Result<T, WriteError> {
    if outcome.is_ok() {
        client.batch_execute("COMMIT").await?;
    } else {
        // When this fails too, the connection is broken, and the database rolls back by itself.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    outcome
}

/// Sends all statements at once, then checks what each expects, in their order.
async fn check_all(client: &Object, statements: impl IntoIterator<Item = &Statement>) -> Result<(), WriteError> {
    let statements: Vec<&Statement> = statements.into_iter().collect();
    let sent = statements.iter().map(|statement| execute(client, statement));
    let answers = join_all(sent).await;
    for (statement, answer) in statements.iter().zip(answers) {
        match (answer, statement.expect) {
            (Ok(1), _) | (Ok(_), Expect::Any) => {}
            (Ok(_), Expect::One(conflict)) => return Err(conflict.into()),
            (Err(error), Expect::One(conflict)) if is_constraint(&error) => return Err(conflict.into()),
            (Err(error), _) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn execute(client: &Object, statement: &Statement) -> Result<u64, tokio_postgres::Error> {
    let prepared = client.prepare_cached(statement.sql).await?;
    client.execute_raw(&prepared, &statement.parameters).await
}

async fn query(client: &Object, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, StoreError> {
    let prepared = client.prepare_cached(sql).await?;
    let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    let rows = client.query(&prepared, &parameters).await?;
    rows.iter()
        .map(|row| (0..row.len()).map(|column| value_of(row, column)).collect::<Result<_, _>>().map(Row::new))
        .collect()
}

fn value_of(row: &tokio_postgres::Row, column: usize) -> Result<Value, StoreError> {
    let kind = row.columns().get(column).map(|column| column.type_().clone());
    Ok(match kind {
        Some(Type::INT8) => row.try_get::<_, Option<i64>>(column)?.map_or(Value::Null, Value::Int),
        Some(Type::INT4) => {
            row.try_get::<_, Option<i32>>(column)?.map_or(Value::Null, |number| Value::Int(number.into()))
        }
        _ => row.try_get::<_, Option<String>>(column)?.map_or(Value::Null, Value::Text),
    })
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::TEXT)
    }

    to_sql_checked!();
}

fn is_constraint(error: &tokio_postgres::Error) -> bool {
    // Class 23: a constraint does not hold.
    error.code().is_some_and(|code| code.code().starts_with("23"))
}

async fn client(pool: &Pool) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Timeout(TimeoutType::Wait) => StoreError::Exhausted,
        error => StoreError::Unreachable(error.to_string()),
    })
}

fn connect(site: &PostgresSite) -> Result<Pool, StoreError> {
    let config = site.config.clone();
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match &site.tls {
        Some(tls) => {
            Manager::from_config(config, tokio_postgres_rustls::MakeRustlsConnect::new(tls.clone()), recycling)
        }
        None => Manager::from_config(config, NoTls, recycling),
    };
    let settings = format!(
        "SET statement_timeout = {STATEMENT_TIMEOUT_MS}; SET synchronous_commit = on; \
         SET default_transaction_isolation = 'read committed'"
    );
    let prepare = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
        let settings = settings.clone();
        Box::pin(async move { client.batch_execute(&settings).await.map_err(deadpool_postgres::HookError::Backend) })
    });
    let pool = Pool::builder(manager)
        .max_size(MAX_CONNECTIONS)
        .wait_timeout(Some(site.patience))
        .create_timeout(Some(CONNECT_TIMEOUT))
        .recycle_timeout(Some(CONNECT_TIMEOUT))
        .runtime(deadpool_postgres::Runtime::Tokio1)
        .post_create(prepare)
        .build();
    pool.map_err(|error| StoreError::Unreachable(error.to_string()))
}

/// Brings the schema up to date, each step in a transaction of its own. Of two that start at once, one does it.
async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    let client = client(pool).await?;
    let found = "SELECT COUNT(*) FROM information_schema.tables \
                 WHERE table_schema = current_schema() AND table_name = 'schema_steps'";
    let exists = query(&client, found, &[]).await?;
    let exists = exists.first().ok_or(Inconsistent("a count is missing"))?.number::<u64>(0)? != 0;
    if !exists {
        let made = client.batch_execute("CREATE TABLE schema_steps (number BIGINT PRIMARY KEY)").await;
        // Another one may have made it at the same moment.
        if let Err(error) = made
            && ![SqlState::DUPLICATE_TABLE, SqlState::UNIQUE_VIOLATION].iter().any(|code| error.code() == Some(code))
        {
            return Err(error.into());
        }
    }
    let count = query(&client, "SELECT COALESCE(MAX(number), 0) FROM schema_steps", &[]).await?;
    let found: usize = count.first().ok_or(Inconsistent("a maximum is missing"))?.number(0)?;
    if found > MIGRATIONS.len() {
        return Err(StoreError::TooNew { found, known: MIGRATIONS.len() });
    }
    for (step, number) in MIGRATIONS.iter().zip(1_i64..).skip(found) {
        begin(&client).await.map_err(failed)?;
        let sql = "INSERT INTO schema_steps (number) VALUES ($1)";
        let take = Statement::new(sql, [Value::Int(number)], Expect::One(Conflict::Taken));
        let mut outcome = check_all(&client, [&take]).await;
        if outcome.is_ok() {
            outcome = client.batch_execute(step).await.map_err(WriteError::from);
        }
        match finish(&client, outcome).await {
            // The row of another one that has just done it was waited for.
            Ok(()) | Err(WriteError::Conflict(_)) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

/// A term larger than any before, on disk before it is used.
async fn begin_term(pool: &Pool) -> Result<u64, StoreError> {
    let client = client(pool).await?;
    let mut attempts = Attempts::default();
    loop {
        begin(&client).await.map_err(failed)?;
        let outcome = finish(&client, take_term(&client).await).await;
        if !attempts.again(&outcome) {
            return outcome.map_err(failed);
        }
    }
}

async fn take_term(client: &Object) -> Result<u64, WriteError> {
    client.batch_execute("INSERT INTO meta (name, value) VALUES ('term', '0') ON CONFLICT (name) DO NOTHING").await?;
    let rows = query(client, "SELECT value FROM meta WHERE name = 'term' FOR UPDATE", &[]).await?;
    let term = super::next_term(rows.first())?;
    let sql = "UPDATE meta SET value = $1 WHERE name = 'term'";
    let update = Statement::new(sql, [term.to_string().into()], Expect::One(Conflict::Taken));
    check_all(client, [&update]).await?;
    Ok(term)
}

fn failed(error: WriteError) -> StoreError {
    match error {
        WriteError::Failed(failure) => {
            Arc::try_unwrap(failure).unwrap_or_else(|failure| StoreError::Unreachable(failure.to_string()))
        }
        WriteError::Conflict(_) => Inconsistent("a row that must be there is missing").into(),
    }
}
