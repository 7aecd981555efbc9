//! Sessions in the store, and the blocks from which their places come.

use probity_jose::UnixTime;
use probity_verifier::revocation::SessionIndex;

use super::engine::{Store, StoreError};
use super::value::{Inconsistent, Row};
use super::write::{Conflict, Expect, Statement};
use crate::domain::authentication::{Authentication, Method};
use crate::domain::secret::SecretHash;
use crate::domain::session::Session;

impl Store {
    /// The session of a cookie that has not ended and is not over at `now`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn session_of_cookie(
        &self,
        cookie: &SecretHash,
        now: UnixTime,
    ) -> Result<Option<Session>, StoreError> {
        const SQL: &str = "SELECT sid, subject, auth_time, expires, list, idx, amr, latest_end FROM sessions \
                           WHERE cookie_hash = $1 AND ended IS NULL AND expires > $2";
        Ok(self
            .query_one(SQL, &[cookie.to_text().into(), now.into()])
            .await?
            .as_ref()
            .map(Session::try_from)
            .transpose()?)
    }

    /// The session of a `sid`, whether it has ended or not.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn session(&self, id: &str) -> Result<Option<Session>, StoreError> {
        let sql = "SELECT sid, subject, auth_time, expires, list, idx, amr, latest_end FROM sessions WHERE sid = $1";
        Ok(self.query_one(sql, &[id.into()]).await?.as_ref().map(Session::try_from).transpose()?)
    }

    /// The session of a `sid` that has not ended and is not over at `now`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn live_session(&self, id: &str, now: UnixTime) -> Result<Option<Session>, StoreError> {
        let sql = "SELECT sid, subject, auth_time, expires, list, idx, amr, latest_end FROM sessions \
                   WHERE sid = $1 AND ended IS NULL AND expires > $2";
        Ok(self.query_one(sql, &[id.into(), now.into()]).await?.as_ref().map(Session::try_from).transpose()?)
    }

    /// The live sessions of a subject, the newest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn sessions_of(&self, subject: &str, now: UnixTime) -> Result<Vec<Session>, StoreError> {
        let sql = "SELECT sid, subject, auth_time, expires, list, idx, amr, latest_end FROM sessions \
                   WHERE subject = $1 AND ended IS NULL AND expires > $2 ORDER BY auth_time DESC LIMIT 1000";
        let rows = self.query(sql, &[subject.into(), now.into()]).await?;
        Ok(rows.iter().map(Session::try_from).collect::<Result<_, _>>()?)
    }

    /// The number of the next block of a list that nobody has.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn next_session_block(&self, list: u32) -> Result<u32, StoreError> {
        let sql = "SELECT COALESCE(MAX(block) + 1, 0) FROM session_blocks WHERE list = $1";
        let row = self.query_one(sql, &[list.into()]).await?.ok_or(Inconsistent("a maximum is missing"))?;
        Ok(row.number(0)?)
    }

    /// The lists from `first` on in which a session may be.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn session_lists(&self, first: u32) -> Result<Vec<u32>, StoreError> {
        let sql = "SELECT DISTINCT list FROM session_blocks WHERE list >= $1 ORDER BY list";
        let rows = self.query(sql, &[first.into()]).await?;
        Ok(rows.iter().map(|row| row.number(0)).collect::<Result<_, _>>()?)
    }

    /// The indices of a list's sessions that have ended.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn ended_sessions(&self, list: u32) -> Result<Vec<u32>, StoreError> {
        let sql = "SELECT idx FROM sessions WHERE list = $1 AND ended IS NOT NULL";
        let rows = self.query(sql, &[list.into()]).await?;
        Ok(rows.iter().map(|row| row.number(0)).collect::<Result<_, _>>()?)
    }
}

/// Takes a block of a list's indices; [`Conflict::Taken`] when somebody has it.
pub(crate) fn take_session_block(list: u32, block: u32) -> Statement {
    Statement::new(
        "INSERT INTO session_blocks (list, block) VALUES ($1, $2)",
        [list.into(), block.into()],
        Expect::One(Conflict::Taken),
    )
}

impl Session {
    /// Adds the session.
    pub(crate) fn add(&self, cookie: &SecretHash) -> Statement {
        Statement::new(
            "INSERT INTO sessions (sid, cookie_hash, subject, auth_time, expires, list, idx, amr, latest_end) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                self.id.as_str().into(),
                cookie.to_text().into(),
                self.subject.as_str().into(),
                self.authentication.time.into(),
                self.expires.into(),
                self.place.list.into(),
                self.place.index.into(),
                methods_text(&self.authentication).into(),
                self.latest_end.into(),
            ],
            Expect::One(Conflict::Taken),
        )
    }

    /// The user has proved again who they are: the session gets a new cookie, and time until `expires`.
    pub(crate) fn renew(&self, cookie: &SecretHash, authentication: &Authentication, expires: UnixTime) -> Statement {
        Statement::new(
            "UPDATE sessions SET cookie_hash = $1, auth_time = $2, amr = $4, expires = $5 \
             WHERE sid = $3 AND ended IS NULL",
            [
                cookie.to_text().into(),
                authentication.time.into(),
                self.id.as_str().into(),
                methods_text(authentication).into(),
                expires.into(),
            ],
            Expect::One(Conflict::SessionEnded),
        )
    }

    /// The session is used at `now`, when it must be live, and gets time until `expires` if it does not have that.
    pub(crate) fn extend(&self, now: UnixTime, expires: UnixTime) -> Statement {
        Statement::new(
            "UPDATE sessions SET expires = CASE WHEN expires < $3 THEN $3 ELSE expires END \
             WHERE sid = $1 AND ended IS NULL AND expires > $2",
            [self.id.as_str().into(), now.into(), expires.into()],
            Expect::One(Conflict::SessionEnded),
        )
    }

    /// Whether the session is live, as a condition of a write.
    pub(crate) fn must_be_live(&self, now: UnixTime) -> Statement {
        Statement::new(
            "UPDATE sessions SET ended = NULL WHERE sid = $1 AND ended IS NULL AND expires > $2",
            [self.id.as_str().into(), now.into()],
            Expect::One(Conflict::SessionEnded),
        )
    }
}

/// Ends a session, if it has not ended.
pub(crate) fn end_session(id: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE sessions SET ended = $2 WHERE sid = $1 AND ended IS NULL",
        [id.into(), now.into()],
        Expect::Any,
    )
}

/// Ends every session of a subject.
pub(crate) fn end_sessions_of(subject: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE sessions SET ended = $2 WHERE subject = $1 AND ended IS NULL",
        [subject.into(), now.into()],
        Expect::Any,
    )
}

/// Ends every session.
pub(crate) fn end_sessions(now: UnixTime) -> Statement {
    Statement::new("UPDATE sessions SET ended = $1 WHERE ended IS NULL", [now.into()], Expect::Any)
}

/// Drops what is over: sessions, and the blocks of lists that have expired.
pub(crate) fn drop_expired_sessions(now: UnixTime, list_horizon: u32) -> [Statement; 2] {
    [
        Statement::new("DELETE FROM sessions WHERE expires <= $1", [now.into()], Expect::Any),
        Statement::new("DELETE FROM session_blocks WHERE list < $1", [list_horizon.into()], Expect::Any),
    ]
}

impl TryFrom<&Row> for Session {
    type Error = Inconsistent;

    fn try_from(row: &Row) -> Result<Self, Inconsistent> {
        Ok(Self {
            id: row.text(0)?.to_owned(),
            subject: row.text(1)?.to_owned(),
            authentication: Authentication { time: row.time(2)?, methods: methods_of(row.text(6)?)? },
            expires: row.time(3)?,
            latest_end: row.time(7)?,
            place: SessionIndex { list: row.number(4)?, index: row.number(5)? },
        })
    }
}

fn methods_text(authentication: &Authentication) -> String {
    authentication.methods.iter().map(|method| method.name()).collect::<Vec<_>>().join(" ")
}

fn methods_of(text: &str) -> Result<Vec<Method>, Inconsistent> {
    let methods = text.split(' ').filter(|name| !name.is_empty()).map(Method::parse);
    methods.collect::<Option<_>>().ok_or(Inconsistent("a session has an unknown authentication method"))
}
