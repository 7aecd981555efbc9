//! Authorization codes in the store.

use probity_jose::UnixTime;
use serde::{Deserialize, Serialize};

use super::clients::scope_of;
use super::document::{from_document, to_document};
use super::engine::{Store, StoreError};
use super::value::Inconsistent;
use super::write::{Conflict, Expect, Statement};
use crate::domain::code::CodeGrant;
use crate::domain::grant::Grant;
use crate::domain::pkce::Challenge;
use crate::domain::secret::SecretHash;

/// What no statement asks for.
#[derive(Serialize, Deserialize)]
struct Details {
    #[serde(flatten)]
    grant: Grant,
    #[serde(default)]
    key: Option<String>,
}

impl Store {
    /// What a code stands for.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn code(&self, code: &SecretHash) -> Result<Option<CodeGrant>, StoreError> {
        let sql = "SELECT client_id, redirect_uri, subject, sid, scope, nonce, challenge, expires, family, details \
                   FROM codes WHERE code_hash = $1";
        let Some(row) = self.query_one(sql, &[code.to_text().into()]).await? else {
            return Ok(None);
        };
        let details: Details = from_document(row.text(9)?, "a code's grant can't be read")?;
        Ok(Some(CodeGrant {
            client_id: row.text(0)?.to_owned(),
            redirect_uri: row.text(1)?.to_owned(),
            subject: row.text(2)?.to_owned(),
            session_id: row.text(3)?.to_owned(),
            grant: Grant { scope: scope_of(row.text(4)?)?, ..details.grant },
            key: details.key,
            nonce: row.optional_text(5)?.map(str::to_owned),
            challenge: challenge_of(row.text(6)?)?,
            expires: row.time(7)?,
            redeemed_for: row.optional_text(8)?.map(str::to_owned),
        }))
    }
}

impl CodeGrant {
    /// Adds a code.
    pub(crate) fn add(&self, code: &SecretHash) -> Statement {
        Statement::new(
            "INSERT INTO codes (code_hash, client_id, redirect_uri, subject, sid, scope, nonce, challenge, expires, \
             details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                code.to_text().into(),
                self.client_id.as_str().into(),
                self.redirect_uri.as_str().into(),
                self.subject.as_str().into(),
                self.session_id.as_str().into(),
                self.grant.scope.to_string().into(),
                self.nonce.as_deref().into(),
                self.challenge.map(|challenge| challenge.to_text()).unwrap_or_default().into(),
                self.expires.into(),
                to_document(&Details { grant: self.grant.clone(), key: self.key.clone() }).into(),
            ],
            Expect::One(Conflict::Taken),
        )
    }
}

/// A stored challenge; the empty text is none.
fn challenge_of(text: &str) -> Result<Option<Challenge>, Inconsistent> {
    if text.is_empty() {
        return Ok(None);
    }
    Challenge::parse(text).map(Some).ok_or(Inconsistent("a code challenge can't be read"))
}

/// Redeems a code for a grant; [`Conflict::CodeRedeemed`] when somebody was faster or it has expired.
pub(crate) fn redeem_code(code: &SecretHash, family: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE codes SET family = $2 WHERE code_hash = $1 AND family IS NULL AND expires > $3",
        [code.to_text().into(), family.into(), now.into()],
        Expect::One(Conflict::CodeRedeemed),
    )
}

/// Ends every code of a client that has not been redeemed.
pub(crate) fn end_codes_of_client(client: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE codes SET expires = $2 WHERE client_id = $1 AND family IS NULL AND expires > $2",
        [client.into(), now.into()],
        Expect::Any,
    )
}

/// Ends every code that has not been redeemed.
pub(crate) fn end_codes(now: UnixTime) -> Statement {
    Statement::new("UPDATE codes SET expires = $1 WHERE family IS NULL AND expires > $1", [now.into()], Expect::Any)
}

/// Drops codes that expired long enough ago: a replay within this time still finds the grant that must die.
pub(crate) fn drop_expired_codes(horizon: UnixTime) -> Statement {
    Statement::new("DELETE FROM codes WHERE expires <= $1", [horizon.into()], Expect::Any)
}
