//! The audit log in the store. Its end is read and moved by the writer within the commit, so that the chain has no gap and no
//! fork, whatever is undone and however many authorities there have been.

use probity_jose::UnixTime;

use super::engine::{Store, StoreError};
use super::value::{Inconsistent, Row};
use super::write::{Conflict, Expect, Statement};
use crate::domain::audit_log::{ChainHash, Entry, Event, Head};

/// The query for the end of the chain.
pub(super) const HEAD: &str = "SELECT value FROM meta WHERE name = 'audit_head'";

/// What the answer of [`HEAD`] says.
pub(super) fn head(rows: &[Row]) -> Result<Head, Inconsistent> {
    let row = rows.first().ok_or(Inconsistent("the end of the audit log is missing"))?;
    Head::parse(row.text(0)?).ok_or(Inconsistent("the end of the audit log can't be read"))
}

/// The statements that write an event behind the end, and move the end.
pub(super) fn append(head: &mut Head, event: &Event, now: UnixTime) -> [Statement; 2] {
    let entry = head.next(event.clone(), now);
    let next = Head { number: entry.number, hash: entry.hash };
    let before = std::mem::replace(head, next);
    let sql = "INSERT INTO audit_log (number, time, actor, action, target, details, hash) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let columns = [
        entry.number.into(),
        entry.time.into(),
        entry.actor.into(),
        entry.action.into(),
        entry.target.into(),
        entry.details.into(),
        entry.hash.to_string().into(),
    ];
    let moved = "UPDATE meta SET value = $1 WHERE name = 'audit_head' AND value = $2";
    [
        Statement::new(sql, columns, Expect::One(Conflict::Taken)),
        Statement::new(moved, [next.to_string().into(), before.to_string().into()], Expect::One(Conflict::Taken)),
    ]
}

impl Store {
    /// Entries in the order of their numbers, at most `limit` after one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn audit_entries_after(&self, number: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT number, time, actor, action, target, details, hash FROM audit_log WHERE number > $1 \
                   ORDER BY number LIMIT $2";
        let rows = self.query(sql, &[number.into(), limit.into()]).await?;
        Ok(rows.iter().map(Entry::try_from).collect::<Result<_, _>>()?)
    }

    /// Where the log ends, as it was noted with its last entry.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn audit_head(&self) -> Result<Head, StoreError> {
        Ok(head(&self.query(HEAD, &[]).await?)?)
    }
}

impl TryFrom<&Row> for Entry {
    type Error = Inconsistent;

    fn try_from(row: &Row) -> Result<Self, Inconsistent> {
        Ok(Self {
            number: row.number(0)?,
            time: row.time(1)?,
            actor: row.text(2)?.to_owned(),
            action: row.text(3)?.to_owned(),
            target: row.text(4)?.to_owned(),
            details: row.text(5)?.to_owned(),
            // One that is none has been altered; the verification is to say which, not to stop here.
            hash: ChainHash::parse(row.text(6)?).unwrap_or_default(),
        })
    }
}
