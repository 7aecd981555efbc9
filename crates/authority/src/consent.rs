//! Withdraws a user's consent: what stands on it ends with it.

use probity_jose::UnixTime;
use tracing::info;

use crate::authority::State;
use crate::domain::audit_log::Event;
use crate::domain::revocation::Order;
use crate::revoke::RevokeError;
use crate::store::{Conflict, Write, WriteError, drop_consent, end_codes_between, end_devices_between, revoke_family};

impl State {
    /// Forgets what a user has agreed to for a client, and revokes every grant between them. How many grants that were.
    ///
    /// # Errors
    /// [`RevokeError`]
    pub(crate) async fn withdraw_consent(
        &self,
        subject: &str,
        client: &str,
        event: Event,
        now: UnixTime,
    ) -> Result<usize, RevokeError> {
        let (mut revoked, mut event) = (0, Some(event));
        // Of a code that is redeemed between our look and our write, the next look finds the grant.
        loop {
            let families = self.store.families_between(subject, client).await?;
            let mut write = Write::from(drop_consent(subject, client))
                .and(end_codes_between(subject, client, now))
                .and(end_devices_between(subject, client, now));
            for family in &families {
                write = write.revoking(Order::Family(family.clone()).record(now)?).and(revoke_family(family, now));
            }
            // Once, with the first write that is made.
            if let Some(event) = event.clone() {
                write = write.logging(event);
            }
            match self.store.apply(write).await {
                Ok(_) if families.is_empty() => break,
                Ok(_) => {
                    event = None;
                    revoked += families.len();
                }
                // Somebody else has revoked one of them.
                Err(WriteError::Conflict(Conflict::AlreadyRevoked)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        info!(client, grants = revoked, "a consent was withdrawn");
        Ok(revoked)
    }
}
