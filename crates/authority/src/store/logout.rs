//! Who is to be told that a session has ended, in the store.

use probity_jose::UnixTime;

use super::engine::{Store, StoreError};
use super::write::{Expect, Statement};
use crate::domain::session::Session;

/// A client that has yet to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogoutNotice {
    /// `sid`.
    pub(crate) session_id: String,
    /// The client.
    pub(crate) client_id: String,
    /// What it calls the user.
    pub(crate) subject: String,
    /// How often it was told in vain.
    pub(crate) attempts: u32,
}

impl Store {
    /// Who is to be told now, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn due_notices(&self, now: UnixTime, limit: u32) -> Result<Vec<LogoutNotice>, StoreError> {
        let sql = "SELECT sid, client_id, name, attempts FROM logout_notices WHERE due <= $1 ORDER BY due LIMIT $2";
        let rows = self.query(sql, &[now.into(), limit.into()]).await?;
        let mut notices = Vec::with_capacity(rows.len());
        for row in &rows {
            notices.push(LogoutNotice {
                session_id: row.text(0)?.to_owned(),
                client_id: row.text(1)?.to_owned(),
                subject: row.text(2)?.to_owned(),
                attempts: row.number(3)?,
            });
        }
        Ok(notices)
    }
}

impl Session {
    /// Remembers a client that is to be told when the session ends, and what it calls the user.
    pub(crate) fn add_client(&self, client: &str, name: &str) -> Statement {
        Statement::new(
            "INSERT INTO session_clients (sid, client_id, name, expires) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (sid, client_id) DO NOTHING",
            [self.id.as_str().into(), client.into(), name.into(), self.expires.into()],
            Expect::Any,
        )
    }
}

/// Tells the clients of every session that has not ended, or of those that a condition chooses. `$1` is the moment.
macro_rules! notices {
    ($($condition:literal)?) => {
        concat!(
            "INSERT INTO logout_notices (sid, client_id, name, due, attempts) \
             SELECT c.sid, c.client_id, c.name, CAST($1 AS BIGINT), 0 FROM session_clients c \
             JOIN sessions s ON s.sid = c.sid WHERE s.ended IS NULL AND s.expires > CAST($1 AS BIGINT)",
            $(" AND ", $condition,)?
            " ON CONFLICT (sid, client_id) DO NOTHING"
        )
    };
}

/// The clients of a session are to be told that it ends, unless it has ended. To stand before its end.
pub(super) fn notify_clients_of(session: &str, now: UnixTime) -> Statement {
    Statement::new(notices!("c.sid = $2"), [now.into(), session.into()], Expect::Any)
}

/// The clients of every session of a subject are to be told. To stand before the end of the sessions.
pub(super) fn notify_clients_of_subject(subject: &str, now: UnixTime) -> Statement {
    Statement::new(notices!("s.subject = $2"), [now.into(), subject.into()], Expect::Any)
}

/// The clients of every session are to be told. To stand before the end of the sessions.
pub(super) fn notify_all_clients(now: UnixTime) -> Statement {
    Statement::new(notices!(), [now.into()], Expect::Any)
}

impl LogoutNotice {
    /// The client was told, or is not told any more.
    pub(crate) fn drop(&self) -> Statement {
        Statement::new(
            "DELETE FROM logout_notices WHERE sid = $1 AND client_id = $2",
            [self.session_id.as_str().into(), self.client_id.as_str().into()],
            Expect::Any,
        )
    }

    /// The client was told in vain, and is told again.
    pub(crate) fn put_off(&self, due: UnixTime) -> Statement {
        Statement::new(
            "UPDATE logout_notices SET attempts = attempts + 1, due = $3 WHERE sid = $1 AND client_id = $2",
            [self.session_id.as_str().into(), self.client_id.as_str().into(), due.into()],
            Expect::Any,
        )
    }
}

/// Forgets the clients of sessions that are over.
pub(crate) fn drop_expired_session_clients(now: UnixTime) -> Statement {
    Statement::new("DELETE FROM session_clients WHERE expires <= $1", [now.into()], Expect::Any)
}
