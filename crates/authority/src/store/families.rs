//! Grants and their refresh tokens in the store: one row each, however often they rotate.

use probity_jose::UnixTime;
use serde::{Deserialize, Serialize};

use super::clients::scope_of;
use super::document::{from_document, to_document};
use super::engine::{Store, StoreError};
use super::write::{Conflict, Expect, Statement};
use crate::domain::confirmation::Confirmation;
use crate::domain::family::Family;
use crate::domain::grant::Grant;

/// What no statement asks for.
#[derive(Serialize, Deserialize)]
struct Details {
    #[serde(flatten)]
    grant: Grant,
    #[serde(default)]
    confirmation: Confirmation,
}

impl Store {
    /// The family of an identifier.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn family(&self, id: &str) -> Result<Option<Family>, StoreError> {
        let sql = "SELECT family, client_id, subject, sid, scope, counter, rotated, expires, revoked, details \
                   FROM families WHERE family = $1";
        let Some(row) = self.query_one(sql, &[id.into()]).await? else {
            return Ok(None);
        };
        let details: Details = from_document(row.text(9)?, "a grant can't be read")?;
        Ok(Some(Family {
            id: row.text(0)?.to_owned(),
            client_id: row.text(1)?.to_owned(),
            subject: row.text(2)?.to_owned(),
            session_id: Some(row.text(3)?).filter(|sid| !sid.is_empty()).map(str::to_owned),
            grant: Grant { scope: scope_of(row.text(4)?)?, ..details.grant },
            confirmation: details.confirmation,
            counter: row.number(5)?,
            rotated: row.time(6)?,
            expires: row.time(7)?,
            revoked: !row.is_null(8),
        }))
    }

    /// The live families of a user and a client, a thousand at a time.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn families_between(&self, subject: &str, client: &str) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT family FROM families WHERE subject = $1 AND client_id = $2 AND revoked IS NULL LIMIT 1000";
        let rows = self.query(sql, &[subject.into(), client.into()]).await?;
        Ok(rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_, _>>()?)
    }
}

impl Family {
    /// Adds the family.
    pub(crate) fn add(&self) -> Statement {
        Statement::new(
            "INSERT INTO families (family, client_id, subject, sid, scope, counter, rotated, expires, details) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                self.id.as_str().into(),
                self.client_id.as_str().into(),
                self.subject.as_str().into(),
                // No session has the empty name.
                self.session_id.as_deref().unwrap_or_default().into(),
                self.grant.scope.to_string().into(),
                self.counter.into(),
                self.rotated.into(),
                self.expires.into(),
                to_document(&Details { grant: self.grant.clone(), confirmation: self.confirmation.clone() }).into(),
            ],
            Expect::One(Conflict::Taken),
        )
    }

    /// Puts the next refresh token in the place of the current one; [`Conflict::FamilyMoved`] when somebody was faster.
    pub(crate) fn rotate(&self, next: u32, now: UnixTime) -> Statement {
        Statement::new(
            "UPDATE families SET counter = $3, rotated = $4 WHERE family = $1 AND counter = $2 AND revoked IS NULL",
            [self.id.as_str().into(), self.counter.into(), next.into(), now.into()],
            Expect::One(Conflict::FamilyMoved),
        )
    }
}

/// Revokes a family; [`Conflict::AlreadyRevoked`] when it is.
pub(crate) fn revoke_family(id: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE families SET revoked = $2 WHERE family = $1 AND revoked IS NULL",
        [id.into(), now.into()],
        Expect::One(Conflict::AlreadyRevoked),
    )
}

/// Revokes every family of a session.
pub(crate) fn revoke_families_of_session(session: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE families SET revoked = $2 WHERE sid = $1 AND revoked IS NULL",
        [session.into(), now.into()],
        Expect::Any,
    )
}

/// Revokes every family of a subject.
pub(crate) fn revoke_families_of_subject(subject: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE families SET revoked = $2 WHERE subject = $1 AND revoked IS NULL",
        [subject.into(), now.into()],
        Expect::Any,
    )
}

/// Revokes every family of a client.
pub(crate) fn revoke_families_of_client(client: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE families SET revoked = $2 WHERE client_id = $1 AND revoked IS NULL",
        [client.into(), now.into()],
        Expect::Any,
    )
}

/// Revokes every family.
pub(crate) fn revoke_families(now: UnixTime) -> Statement {
    Statement::new("UPDATE families SET revoked = $1 WHERE revoked IS NULL", [now.into()], Expect::Any)
}

/// Drops families that are over.
pub(crate) fn drop_expired_families(now: UnixTime) -> Statement {
    Statement::new("DELETE FROM families WHERE expires <= $1", [now.into()], Expect::Any)
}
