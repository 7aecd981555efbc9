//! What users have agreed to, in the store.

use std::collections::BTreeSet;

use probity_jose::UnixTime;
use serde::{Deserialize, Serialize};

use super::clients::scope_of;
use super::document::{from_document, to_document};
use super::engine::{Store, StoreError};
use super::value::{Inconsistent, Row};
use super::write::{Conflict, Expect, Statement};
use crate::domain::consent::Consent;

/// What no statement asks for.
#[derive(Serialize, Deserialize)]
struct Details {
    claims: BTreeSet<String>,
    resources: BTreeSet<String>,
}

impl Store {
    /// What a user has agreed to for a client.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn consent(&self, subject: &str, client: &str) -> Result<Option<Consent>, StoreError> {
        let sql = "SELECT client_id, scope, details, granted FROM consents WHERE subject = $1 AND client_id = $2";
        let row = self.query_one(sql, &[subject.into(), client.into()]).await?;
        Ok(row.as_ref().map(Consent::try_from).transpose()?)
    }

    /// Everything that a user has agreed to, by client.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn consents_of(&self, subject: &str) -> Result<Vec<(String, Consent)>, StoreError> {
        let sql =
            "SELECT client_id, scope, details, granted FROM consents WHERE subject = $1 ORDER BY client_id LIMIT 1000";
        let rows = self.query(sql, &[subject.into()]).await?;
        let read = |row: &Row| Ok((row.text(0)?.to_owned(), Consent::try_from(row)?));
        rows.iter().map(read).collect()
    }
}

impl Consent {
    /// Remembers the consent in the place of an earlier one.
    pub(crate) fn put(&self, subject: &str, client: &str) -> Statement {
        let details = Details { claims: self.claims.clone(), resources: self.resources.clone() };
        Statement::new(
            "INSERT INTO consents (subject, client_id, scope, details, granted) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (subject, client_id) DO UPDATE SET scope = $3, details = $4, granted = $5",
            [
                subject.into(),
                client.into(),
                self.scope.to_string().into(),
                to_document(&details).into(),
                self.granted.into(),
            ],
            Expect::Any,
        )
    }

    /// Whether the consent still stands, as a condition of a write.
    pub(crate) fn must_stand(&self, subject: &str, client: &str) -> Statement {
        Statement::new(
            "UPDATE consents SET granted = granted WHERE subject = $1 AND client_id = $2 AND granted >= $3",
            [subject.into(), client.into(), self.granted.into()],
            Expect::One(Conflict::ConsentWithdrawn),
        )
    }
}

/// Forgets what a user has agreed to for a client.
pub(crate) fn drop_consent(subject: &str, client: &str) -> Statement {
    Statement::new(
        "DELETE FROM consents WHERE subject = $1 AND client_id = $2",
        [subject.into(), client.into()],
        Expect::Any,
    )
}

/// Forgets everything that a user has agreed to.
pub(crate) fn drop_consents_of(subject: &str) -> Statement {
    Statement::new("DELETE FROM consents WHERE subject = $1", [subject.into()], Expect::Any)
}

/// Forgets everything that anybody has agreed to for a client.
pub(crate) fn drop_consents_for(client: &str) -> Statement {
    Statement::new("DELETE FROM consents WHERE client_id = $1", [client.into()], Expect::Any)
}

/// Ends the codes of a user for a client that have not been redeemed.
pub(crate) fn end_codes_between(subject: &str, client: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE codes SET expires = $3 WHERE subject = $1 AND client_id = $2 AND family IS NULL AND expires > $3",
        [subject.into(), client.into(), now.into()],
        Expect::Any,
    )
}

impl TryFrom<&Row> for Consent {
    type Error = Inconsistent;

    fn try_from(row: &Row) -> Result<Self, Inconsistent> {
        let Details { claims, resources } = from_document(row.text(2)?, "a consent can't be read")?;
        Ok(Self { scope: scope_of(row.text(1)?)?, claims, resources, granted: row.time(3)? })
    }
}
