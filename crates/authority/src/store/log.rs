//! The end of the revocation log while a commit is being made.

use probity_jose::{UnixTime, base64url};
use probity_verifier::revocation::{Position, Revocation};

use super::value::{Inconsistent, Row, Value};
use super::write::{Conflict, Expect, Statement};
use crate::domain::revocation::stamped;
use crate::moment::TokenClock;

/// What the log will end with when the commit is made: positions without gaps, whatever is undone before.
pub(super) struct Log<'a> {
    pub(super) head: Position,
    /// The records of this commit.
    pub(super) records: Vec<(Position, Revocation)>,
    clock: &'a TokenClock,
}

/// Begins a log. Before any guard hears of it, so that each log that a guard can name is known.
pub(crate) fn begin_log(log: Position) -> Statement {
    let sql = "INSERT INTO logs (term, writer, seq) VALUES ($1, $2, 0)";
    Statement::new(sql, [log.term.into(), log.writer.to_string().into()], Expect::One(Conflict::Taken))
}

/// The query for where each earlier log ended, the newest first.
pub(super) const EARLIER_LOGS: &str = "SELECT term, writer, seq FROM logs ORDER BY term DESC LIMIT $1";

/// What a row of [`EARLIER_LOGS`] says.
pub(super) fn end_of_log(row: &Row) -> Result<Position, Inconsistent> {
    let writer = row.text(1)?.parse().map_err(|_| Inconsistent("a log's writer can't be read"))?;
    Ok(Position { writer, term: row.number(0)?, seq: row.number(2)? })
}

/// The query for records; conditions may follow.
pub(super) const RECORDS: &str = "SELECT term, seq, expires, record FROM revocations";

/// What a row of [`RECORDS`] says: term, number and revocation.
///
/// SQLite has no checksum of its own, so each record brings one. One that was written before they did has none.
pub(super) fn record_of(row: &Row) -> Result<(u64, u64, Revocation), Inconsistent> {
    let (term, seq, text) = (row.number(0)?, row.number(1)?, row.text(3)?);
    let (encoded, checksum) = text.split_once('.').map_or((text, None), |(encoded, sum)| (encoded, Some(sum)));
    let bytes = base64url::decode(encoded).map_err(|_| Inconsistent("a revocation is not base64url"))?;
    if checksum.is_some_and(|sum| sum != checksum_of(term, seq, &bytes)) {
        return Err(Inconsistent("a revocation's checksum is wrong"));
    }
    let revocation = Revocation::decode(&bytes).map_err(|_| Inconsistent("a revocation can't be read"))?;
    if Value::from(revocation.expires) != Value::from(row.number::<u64>(2)?) {
        return Err(Inconsistent("a revocation's expiry is not that of its record"));
    }
    Ok((term, seq, revocation))
}

/// CRC-32 of a record and its place, so that none can stand for another.
fn checksum_of(term: u64, seq: u64, record: &[u8]) -> String {
    let mut sum = crc32fast::Hasher::new();
    [&term.to_be_bytes()[..], &seq.to_be_bytes(), record].into_iter().for_each(|part| sum.update(part));
    format!("{:08x}", sum.finalize())
}

impl<'a> Log<'a> {
    pub(super) const fn new(head: Position, clock: &'a TokenClock) -> Self {
        Self { head, records: Vec::new(), clock }
    }

    /// Gives a revocation the next position, and the statement that stores it.
    ///
    /// The clock is read inside the transaction, so whatever was issued by an earlier write is not later than this.
    pub(super) fn append(&mut self, revocation: &Revocation) -> Statement {
        let revocation = stamped(revocation.clone(), self.clock.now());
        let position = Position { seq: self.head.seq + 1, ..self.head };
        let mut bytes = Vec::new();
        revocation.encode(&mut bytes);
        let record = format!("{}.{}", base64url::encode(&bytes), checksum_of(position.term, position.seq, &bytes));
        let parameters: [Value; 4] =
            [position.term.into(), position.seq.into(), revocation.expires.into(), record.into()];
        self.head = position;
        self.records.push((position, revocation));
        let sql = "INSERT INTO revocations (term, seq, expires, record) VALUES ($1, $2, $3, $4)";
        Statement::new(sql, parameters, Expect::One(Conflict::Taken))
    }

    /// The time of this commit.
    pub(super) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// The statement that stores where the log ends now; none when nothing was appended.
    pub(super) fn note_end(&self) -> Option<Statement> {
        let sql = "UPDATE logs SET seq = $2 WHERE term = $1";
        let parameters = [self.head.term.into(), self.head.seq.into()];
        (!self.records.is_empty()).then(|| Statement::new(sql, parameters, Expect::One(Conflict::Taken)))
    }

    /// A place to come back to.
    pub(super) const fn mark(&self) -> (Position, usize) {
        (self.head, self.records.len())
    }

    /// Forgets what was appended since the mark.
    pub(super) fn undo(&mut self, (head, length): (Position, usize)) {
        self.head = head;
        self.records.truncate(length);
    }
}
