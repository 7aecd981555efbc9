//! Orders to revoke, as writes.

use probity_jose::UnixTime;
use probity_verifier::revocation::BadIdentifier;

use super::codes::{end_codes, end_codes_of_client};
use super::device_codes::{end_devices, end_devices_of_client};
use super::families::{
    revoke_families, revoke_families_of_client, revoke_families_of_session, revoke_families_of_subject, revoke_family,
};
use super::logout::{notify_all_clients, notify_clients_of, notify_clients_of_subject};
use super::sessions::{end_session, end_sessions, end_sessions_of};
use super::write::{Expect, Statement, Write};
use crate::domain::revocation::Order;

impl Order {
    /// The write that carries out the order: the record for the guards, and the end of every session and grant from which
    /// further tokens could come.
    ///
    /// Repeating an order is no error; only a family that is revoked already is a [`super::Conflict::AlreadyRevoked`].
    ///
    /// # Errors
    /// [`BadIdentifier`]
    pub(crate) fn write(&self, now: UnixTime) -> Result<Write, BadIdentifier> {
        let write = Write::new().revoking(self.record(now)?);
        Ok(match self {
            Self::Session { id, .. } => {
                let write = write.and(notify_clients_of(id, now)).and(end_session(id, now));
                write.and(revoke_families_of_session(id, now))
            }
            Self::Subject(subject) => {
                let write = write.and(notify_clients_of_subject(subject, now)).and(end_sessions_of(subject, now));
                write.and(revoke_families_of_subject(subject, now))
            }
            Self::Client(client) => {
                let write = write.and(end_codes_of_client(client, now)).and(end_devices_of_client(client, now));
                write.and(revoke_families_of_client(client, now))
            }
            Self::Family(family) => write.and(revoke_family(family, now)),
            Self::Everything => {
                let write = write.and(notify_all_clients(now)).and(end_sessions(now)).and(end_codes(now));
                write.and(end_devices(now)).and(revoke_families(now))
            }
            Self::Token { .. } | Self::Key(_) | Self::Foreign(_) => write,
        })
    }
}

/// Drops records whose tokens have all expired, and remembers up to when: a clock that was ahead for a while must not make
/// the next start believe that it knows them all.
pub(crate) fn drop_lapsed_revocations(horizon: UnixTime) -> [Statement; 2] {
    let seconds = horizon.as_secs().to_string();
    [
        Statement::new(
            "INSERT INTO meta (name, value) SELECT 'horizon', $1 \
             WHERE EXISTS (SELECT 1 FROM revocations WHERE expires <= $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value \
             WHERE CAST(meta.value AS BIGINT) < CAST(excluded.value AS BIGINT)",
            [seconds.into(), horizon.into()],
            Expect::Any,
        ),
        Statement::new("DELETE FROM revocations WHERE expires <= $1", [horizon.into()], Expect::Any),
    ]
}
