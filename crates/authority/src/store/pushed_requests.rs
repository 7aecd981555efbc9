//! Pushed authorization requests in the store.

use probity_jose::UnixTime;

use super::engine::{Store, StoreError};
use super::value::Inconsistent;
use super::write::{Conflict, Expect, Statement};
use crate::domain::parameters::Parameters;
use crate::domain::pushed_request::PushedRequest;
use crate::domain::secret::SecretHash;

impl Store {
    /// The request that a client has pushed.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn pushed_request(&self, reference: &SecretHash) -> Result<Option<PushedRequest>, StoreError> {
        let sql = "SELECT client_id, parameters, signed, expires FROM pushed_requests WHERE request_hash = $1";
        let Some(row) = self.query_one(sql, &[reference.to_text().into()]).await? else {
            return Ok(None);
        };
        Ok(Some(PushedRequest {
            client_id: row.text(0)?.to_owned(),
            parameters: Parameters::parse(row.text(1)?).map_err(|_| Inconsistent("a pushed request can't be read"))?,
            signed: row.number::<u8>(2)? != 0,
            expires: row.time(3)?,
        }))
    }
}

impl PushedRequest {
    /// Keeps the request.
    pub(crate) fn add(&self, reference: &SecretHash) -> Statement {
        Statement::new(
            "INSERT INTO pushed_requests (request_hash, client_id, parameters, signed, expires) \
             VALUES ($1, $2, $3, $4, $5)",
            [
                reference.to_text().into(),
                self.client_id.as_str().into(),
                self.parameters.to_text().into(),
                u32::from(self.signed).into(),
                self.expires.into(),
            ],
            Expect::One(Conflict::Taken),
        )
    }
}

/// Uses a request up; [`Conflict::RequestUsed`] when somebody was faster.
pub(crate) fn use_pushed_request(reference: &SecretHash) -> Statement {
    Statement::new(
        "DELETE FROM pushed_requests WHERE request_hash = $1",
        [reference.to_text().into()],
        Expect::One(Conflict::RequestUsed),
    )
}

/// Drops requests that expired long enough ago: nobody is on the login page with them any more.
pub(crate) fn drop_expired_pushed_requests(horizon: UnixTime) -> Statement {
    Statement::new("DELETE FROM pushed_requests WHERE expires <= $1", [horizon.into()], Expect::Any)
}
