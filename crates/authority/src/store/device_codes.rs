//! Devices that wait, in the store.

use probity_jose::UnixTime;

use super::clients::scope_of;
use super::document::{from_document, to_document};
use super::engine::{Store, StoreError};
use super::value::{Inconsistent, Row};
use super::write::{Conflict, Expect, Statement};
use crate::domain::device::{DeviceRequest, DeviceState};
use crate::domain::secret::SecretHash;

const PENDING: &str = "pending";
const DENIED: &str = "denied";
const GRANTED: &str = "granted";

impl Store {
    /// The request of a device's own code.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn device(&self, code: &SecretHash) -> Result<Option<DeviceRequest>, StoreError> {
        let sql = "SELECT client_id, scope, resources, expires, pause, polled, state, subject, sid, family \
                   FROM device_codes WHERE device_hash = $1";
        let row = self.query_one(sql, &[code.to_text().into()]).await?;
        Ok(row.as_ref().map(DeviceRequest::try_from).transpose()?)
    }

    /// The request of the code that a device shows.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn device_of_user_code(&self, code: &SecretHash) -> Result<Option<DeviceRequest>, StoreError> {
        let sql = "SELECT client_id, scope, resources, expires, pause, polled, state, subject, sid, family \
                   FROM device_codes WHERE user_hash = $1";
        let row = self.query_one(sql, &[code.to_text().into()]).await?;
        Ok(row.as_ref().map(DeviceRequest::try_from).transpose()?)
    }
}

impl DeviceRequest {
    /// Keeps a request that waits; [`Conflict::Taken`] when another device shows the same code.
    pub(crate) fn add(&self, device: &SecretHash, user: &SecretHash) -> Statement {
        Statement::new(
            "INSERT INTO device_codes (device_hash, user_hash, client_id, scope, resources, expires, pause, polled, state) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                device.to_text().into(),
                user.to_text().into(),
                self.client_id.as_str().into(),
                self.scope.to_string().into(),
                to_document(&self.resources).into(),
                self.expires.into(),
                self.pause.into(),
                self.polled.into(),
                PENDING.into(),
            ],
            Expect::One(Conflict::Taken),
        )
    }
}

/// Notes that a device has asked.
pub(crate) fn note_poll(device: &SecretHash, pause: u64, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE device_codes SET polled = $2, pause = $3 WHERE device_hash = $1",
        [device.to_text().into(), now.into(), pause.into()],
        Expect::Any,
    )
}

/// A user allows what a device asks for; [`Conflict::RequestUsed`] when it has been decided or waits no more.
pub(crate) fn grant_device(user: &SecretHash, subject: &str, session: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE device_codes SET state = $2, subject = $3, sid = $4 \
         WHERE user_hash = $1 AND state = $5 AND expires > $6",
        [user.to_text().into(), GRANTED.into(), subject.into(), session.into(), PENDING.into(), now.into()],
        Expect::One(Conflict::RequestUsed),
    )
}

/// A user does not allow it; [`Conflict::RequestUsed`] when it has been decided.
pub(crate) fn deny_device(user: &SecretHash) -> Statement {
    Statement::new(
        "UPDATE device_codes SET state = $2 WHERE user_hash = $1 AND state = $3",
        [user.to_text().into(), DENIED.into(), PENDING.into()],
        Expect::One(Conflict::RequestUsed),
    )
}

/// Redeems what was granted; [`Conflict::CodeRedeemed`] when somebody was faster.
pub(crate) fn redeem_device(device: &SecretHash, family: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE device_codes SET family = $2 WHERE device_hash = $1 AND family IS NULL AND state = $3 AND expires > $4",
        [device.to_text().into(), family.into(), GRANTED.into(), now.into()],
        Expect::One(Conflict::CodeRedeemed),
    )
}

/// Ends every request of a client that has not been redeemed.
pub(super) fn end_devices_of_client(client: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE device_codes SET expires = $2 WHERE client_id = $1 AND family IS NULL AND expires > $2",
        [client.into(), now.into()],
        Expect::Any,
    )
}

/// Ends what a user has granted to devices of a client and what has not been redeemed.
pub(crate) fn end_devices_between(subject: &str, client: &str, now: UnixTime) -> Statement {
    Statement::new(
        "UPDATE device_codes SET expires = $3 WHERE subject = $1 AND client_id = $2 AND family IS NULL AND expires > $3",
        [subject.into(), client.into(), now.into()],
        Expect::Any,
    )
}

/// Ends every request that has not been redeemed.
pub(super) fn end_devices(now: UnixTime) -> Statement {
    let sql = "UPDATE device_codes SET expires = $1 WHERE family IS NULL AND expires > $1";
    Statement::new(sql, [now.into()], Expect::Any)
}

/// Drops requests that expired long enough ago: a replay within this time still finds the grant that must die.
pub(crate) fn drop_expired_devices(horizon: UnixTime) -> Statement {
    Statement::new("DELETE FROM device_codes WHERE expires <= $1", [horizon.into()], Expect::Any)
}

impl TryFrom<&Row> for DeviceRequest {
    type Error = Inconsistent;

    fn try_from(row: &Row) -> Result<Self, Inconsistent> {
        Ok(Self {
            client_id: row.text(0)?.to_owned(),
            scope: scope_of(row.text(1)?)?,
            resources: from_document(row.text(2)?, "a device's resources can't be read")?,
            expires: row.time(3)?,
            pause: row.number(4)?,
            polled: row.time(5)?,
            state: match row.text(6)? {
                PENDING => DeviceState::Pending,
                DENIED => DeviceState::Denied,
                GRANTED => DeviceState::Granted {
                    subject: row.text(7)?.to_owned(),
                    session_id: row.text(8)?.to_owned(),
                    redeemed_for: row.optional_text(9)?.map(str::to_owned),
                },
                _ => return Err(Inconsistent("a device is in an unknown state")),
            },
        })
    }
}
